//! Which output columns tell rows apart: those that carry what the SQL groups by.

use std::collections::BTreeSet;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
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
    let sets = aggregate.group_expr.iter().any(|expr| matches!(expr, Expr::GroupingSet(_)));
    let groups = 0..aggregate.group_expr.len();
    let carrier = |position| vec![Carrier { position, computed: false }];
    (!sets).then(|| groups.map(carrier).collect())
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
