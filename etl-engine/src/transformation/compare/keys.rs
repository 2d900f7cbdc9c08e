//! Which output columns tell rows apart: those that carry what the SQL groups by.

use std::collections::BTreeSet;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::utils::grouping_set_to_exprlist;
use datafusion::logical_expr::{Aggregate, Distinct, Expr, LogicalPlan};

/// The names of the output columns that carry the group of a row, in their order; none when the
/// plan does not group at its top.
pub(crate) fn grouped_by(plan: &LogicalPlan) -> Vec<String> {
    let Some(carriers) = carriers(plan) else { return Vec::new() };
    let mut keys = BTreeSet::new();
    for group in carriers {
        // A column that is the group itself says more than one computed from it.
        let best = group.iter().min_by_key(|carrier| (carrier.computed, carrier.position));
        keys.extend(best.map(|carrier| carrier.position));
    }
    keys.iter().map(|key| plan.schema().field(*key).name().clone()).collect()
}

/// The names of the output columns that two plans compute by the same expression. Doubles are left
/// out: they may differ by nothing that matters, and no key bears that.
pub(crate) fn computed_alike(old: &LogicalPlan, new: &LogicalPlan) -> Vec<String> {
    let (old, new) = (computed(old), computed(new));
    let alike = new.into_iter().filter(|column| old.contains(column));
    alike.map(|(name, _)| name).collect()
}

/// The output's columns with their expressions, doubles left out; none where it is not a list of
/// expressions.
fn computed(plan: &LogicalPlan) -> Vec<(String, String)> {
    match plan {
        LogicalPlan::Projection(projection) => {
            let fields = projection.schema.fields().iter();
            let columns = fields.zip(&projection.expr);
            let exact = columns.filter(|(field, _)| !field.data_type().is_floating());
            exact.map(|(field, expr)| (field.name().clone(), unaliased(expr).to_string())).collect()
        }
        LogicalPlan::Sort(sort) => computed(&sort.input),
        LogicalPlan::Limit(limit) => computed(&limit.input),
        LogicalPlan::Distinct(Distinct::All(input)) => computed(input),
        _ => Vec::new(),
    }
}

/// An output column that depends on one group expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Carrier {
    position: usize,
    /// Whether it is computed from the group expression instead of being it.
    computed: bool,
}

/// For each group expression, the output columns that carry it; `None` when rows are not grouped.
fn carriers(plan: &LogicalPlan) -> Option<Vec<Vec<Carrier>>> {
    match plan {
        LogicalPlan::Aggregate(aggregate) => grouped(aggregate),
        LogicalPlan::Projection(projection) => {
            let below = carriers(&projection.input)?;
            Some(
                below
                    .iter()
                    .map(|group| projected(group, &projection.input, &projection.expr))
                    .collect(),
            )
        }
        LogicalPlan::SubqueryAlias(alias) => carriers(&alias.input),
        LogicalPlan::Sort(sort) => carriers(&sort.input),
        LogicalPlan::Filter(filter) => carriers(&filter.input),
        LogicalPlan::Limit(limit) => carriers(&limit.input),
        LogicalPlan::Window(window) => carriers(&window.input),
        LogicalPlan::Distinct(Distinct::All(input)) => carriers(input),
        _ => None,
    }
}

fn grouped(aggregate: &Aggregate) -> Option<Vec<Vec<Carrier>>> {
    if aggregate.group_expr.iter().any(|expr| matches!(expr, Expr::GroupingSet(_))) {
        return None;
    }
    // An expression that is named twice is one column.
    let groups = grouping_set_to_exprlist(&aggregate.group_expr).ok()?;
    let carrier = |position| vec![Carrier { position, computed: false }];
    Some((0..groups.len()).map(carrier).collect())
}

/// Where a group goes in a projection.
fn projected(group: &[Carrier], input: &LogicalPlan, output: &[Expr]) -> Vec<Carrier> {
    let mut carriers = Vec::new();
    for (position, expr) in output.iter().enumerate() {
        let read = columns_read(expr, input);
        let [read] = &read[..] else { continue };
        if let Some(below) = group.iter().find(|carrier| carrier.position == *read) {
            let computed = below.computed || !matches!(unaliased(expr), Expr::Column(_));
            carriers.push(Carrier { position, computed });
        }
    }
    carriers
}

/// The positions of the columns that an expression reads, each once.
fn columns_read(expr: &Expr, input: &LogicalPlan) -> Vec<usize> {
    let mut read = BTreeSet::new();
    let walked = expr.apply(|part| {
        if let Expr::Column(column) = part {
            read.extend(input.schema().maybe_index_of_column(column));
        }
        Ok(TreeNodeRecursion::Continue)
    });
    debug_assert!(walked.is_ok(), "the visitor never fails");
    read.into_iter().collect()
}

fn unaliased(expr: &Expr) -> &Expr {
    let mut inner = expr;
    while let Expr::Alias(alias) = inner {
        inner = &alias.expr;
    }
    inner
}

#[cfg(test)]
mod tests {
    use super::{computed_alike, grouped_by};
    use crate::query::deep_stack::on_deep_stack;
    use crate::query::fixture::{REFERENCE_SQL, yellow};
    use crate::query::plan::plan;
    use crate::query::planning::planning_session;
    use crate::query::statement::QueryStatement;

    fn parsed(sql: &str) -> QueryStatement {
        let sql = sql.replace("T!", "datalake_raw_source.yellow_taxi_trip_record");
        QueryStatement::parse(&sql).unwrap()
    }

    async fn keys(sql: &str) -> Vec<String> {
        let statement = parsed(sql);
        let keys = on_deep_stack(async move {
            Ok(grouped_by(&plan(&planning_session(&[yellow()])?, statement).await?))
        });
        keys.await.unwrap()
    }

    #[tokio::test]
    async fn columns_that_both_compute_alike_tell_rows_apart() {
        let old = parsed("select vendorid v, -dolocationid d, extra, fare_amount, day from T!");
        let new = parsed(
            "select vendorid v, dolocationid d, extra + 1 extra, fare_amount, day from T! where vendorid > 1 order by day",
        );
        let alike = on_deep_stack(async move {
            let state = planning_session(&[yellow()])?;
            Ok(computed_alike(&plan(&state, old).await?, &plan(&state, new).await?))
        });
        assert_eq!(alike.await.unwrap(), ["v", "day"], "no double, nothing that changed");
    }

    #[tokio::test]
    async fn keys_are_the_columns_that_carry_the_groups() {
        let reference = keys(REFERENCE_SQL).await;
        let wanted =
            ["vendorid", "day", "month", "year", "pulocationid", "dolocationid", "payment_type"];
        assert_eq!(reference, wanted, "an expression grouped by twice is one key");
        for (sql, wanted) in [
            ("select vendorid v, -vendorid negative, sum(extra) from T! group by vendorid", "v"),
            ("select vendorid % 2 odd, count(*) n from T! group by vendorid % 2", "odd"),
            (
                "with g as (select day d, sum(extra) e from T! group by day) select e, d from g where e > 1 order by d",
                "d",
            ),
            ("select vendorid, extra from T!", ""),
            ("select day, month, sum(extra) e from T! group by rollup (day, month)", ""),
            ("select count(*) n from T! group by day", ""),
        ] {
            assert_eq!(keys(sql).await.join(" "), wanted, "{sql}");
        }
    }
}
