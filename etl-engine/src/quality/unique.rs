//! Unique columns: no row that the run writes shares its values with another row of the same days.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::datasource::provider_as_source;
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, SortExpr, ident, lit};
use domain::Result;
use domain::quality::MOST_EXAMPLES;

use super::evaluate::Judge;
use super::found::{Found, collect, take_examples};
use super::rows::single;
use crate::query::failure::failure;

/// Checks them. Rows with a NULL among the columns are not compared.
pub(super) async fn check(judge: &Judge<'_>, columns: &[String]) -> Result<Found> {
    let subject = judge.subject;
    let changed = marked(subject.changed(&judge.log)?, columns, 1)?;
    let (total, repeated, fails) = (
        count(lit(1_i64)).alias("found"),
        ident("written").gt(lit(0_i64)),
        ident("found").gt(lit(1_i64)),
    );
    let compared = match subject.others.is_empty() {
        true => changed.clone(),
        false => {
            let others = marked(subject.others(&judge.log)?, columns, 0)?;
            LogicalPlanBuilder::from(changed.clone())
                .union(others)
                .and_then(LogicalPlanBuilder::build)
                .map_err(failure)?
        }
    };
    let names: Vec<_> = (0..columns.len()).map(|at| ident(format!("c{at}"))).collect();
    let written = sum(ident("is_written")).alias("written");
    let groups = LogicalPlanBuilder::from(compared)
        .aggregate(names.clone(), [total, written])
        .and_then(|groups| groups.filter(fails.and(repeated))?.build())
        .map_err(failure)?;
    let counted = LogicalPlanBuilder::from(groups.clone())
        .aggregate(Vec::<Expr>::new(), [sum(ident("written")).alias("rows")])
        .and_then(LogicalPlanBuilder::build)
        .map_err(failure)?;
    let failing = single(&collect(&judge.state, &counted, &judge.log).await?, 0);
    let all = LogicalPlanBuilder::from(changed)
        .aggregate(Vec::<Expr>::new(), [count(lit(1_i64)).alias("rows")])
        .and_then(LogicalPlanBuilder::build)
        .map_err(failure)?;
    let checked = single(&collect(&judge.state, &all, &judge.log).await?, 0);
    if failing == 0 {
        return Ok(Found { checked, ..Found::default() });
    }
    let mut order: Vec<SortExpr> = vec![ident("found").sort(false, false)];
    order.extend(names.iter().map(|name| name.clone().sort(true, false)));
    let shown = names.into_iter().chain([ident("found")]);
    let worst = LogicalPlanBuilder::from(groups)
        .sort_with_limit(order, Some(MOST_EXAMPLES))
        .and_then(|worst| worst.project(shown.collect::<Vec<_>>())?.build())
        .map_err(failure)?;
    let mut examples = Vec::new();
    for batch in collect(&judge.state, &worst, &judge.log).await? {
        take_examples(&batch, &mut examples)?;
    }
    let columns = columns.iter().cloned().chain(["rows with it".to_owned()]).collect();
    Ok(Found { checked, failing, columns, examples, ..Found::default() })
}

/// The columns of a table's rows without NULL, as `c0`, `c1`, …, and whether the run writes them.
fn marked(
    table: Arc<dyn TableProvider>,
    columns: &[String],
    is_written: i64,
) -> Result<LogicalPlan> {
    let there = columns.iter().map(|column| ident(column).is_not_null());
    let complete = there.reduce(Expr::and).unwrap_or_else(|| lit(true));
    let shown = columns.iter().enumerate().map(|(at, name)| ident(name).alias(format!("c{at}")));
    let shown: Vec<_> = shown.chain([lit(is_written).alias("is_written")]).collect();
    LogicalPlanBuilder::scan("rows", provider_as_source(table), None)
        .and_then(|rows| rows.filter(complete)?.project(shown)?.build())
        .map_err(failure)
}
