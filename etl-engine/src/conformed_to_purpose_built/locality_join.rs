//! Locality of joins: which of them can be computed partition by partition.

use std::collections::BTreeSet;

use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Expr, Join, JoinType, LogicalPlan, Operator};

use super::locality::{Analysis, Found, Keys, Side, complete};

/// The locality of a join that reads the own table on at least one side.
pub(super) fn join(analysis: &Analysis<'_>, node: &Join) -> Found {
    let (left, right) = (analysis.side(&node.left)?, analysis.side(&node.right)?);
    match (left, right) {
        (Side::Free, Side::Free) => Ok(Side::Free),
        (Side::Local(left), Side::Local(right)) => {
            complete(
                &matched(node, &left, &right),
                "the join of the table with itself does not equate",
            )?;
            Ok(Side::Local(output(node, left, right)))
        }
        (Side::Local(left), Side::Free) if preserves_left_alone(node.join_type) => {
            Ok(Side::Local(output(node, left, Keys::default())))
        }
        (Side::Free, Side::Local(right)) if preserves_right_alone(node.join_type) => {
            Ok(Side::Local(output(node, Keys::default(), right)))
        }
        _ => Err(format!(
            "{} JOIN keeps rows of another table that match no row of any partition",
            node.join_type
        )),
    }
}

/// Joins whose every result row stems from a row of the left side.
fn preserves_left_alone(kind: JoinType) -> bool {
    use JoinType::{Inner, Left, LeftAnti, LeftMark, LeftSemi};
    matches!(kind, Inner | Left | LeftSemi | LeftAnti | LeftMark)
}

/// Joins whose every result row stems from a row of the right side.
fn preserves_right_alone(kind: JoinType) -> bool {
    use JoinType::{Inner, Right, RightAnti, RightMark, RightSemi};
    matches!(kind, Inner | Right | RightSemi | RightAnti | RightMark)
}

/// For each key the left columns that the join makes equal to the same key of the right side.
fn matched(node: &Join, left: &Keys, right: &Keys) -> Keys {
    let mut matched = Keys::default();
    for (a, b) in equalities(node) {
        let (Some(a), Some(b)) = (position(&node.left, a), position(&node.right, b)) else {
            continue;
        };
        for key in 0..matched.len() {
            if left[key].contains(&a) && right[key].contains(&b) {
                matched[key].insert(a);
            }
        }
    }
    matched
}

/// Every `left = right` that each matching pair of rows fulfils.
fn equalities(node: &Join) -> Vec<(&Expr, &Expr)> {
    let mut pairs: Vec<_> = node.on.iter().map(|(a, b)| (a, b)).collect();
    for condition in node.filter.iter().flat_map(split_conjunction) {
        if let Expr::BinaryExpr(binary) = condition
            && binary.op == Operator::Eq
        {
            pairs.push((&binary.left, &binary.right));
            pairs.push((&binary.right, &binary.left));
        }
    }
    pairs
}

fn position(side: &LogicalPlan, expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Column(column) => side.schema().maybe_index_of_column(column),
        _ => None,
    }
}

/// The keys in the join's output. Keys of a side that may be filled up with nulls are no keys.
fn output(node: &Join, left: Keys, right: Keys) -> Keys {
    use JoinType::{Full, Inner, Right, RightAnti, RightMark, RightSemi};
    let offset = node.left.schema().fields().len();
    let shifted = right
        .each_ref()
        .map(|carriers| carriers.iter().map(|position| position + offset).collect::<BTreeSet<_>>());
    match node.join_type {
        Inner => std::array::from_fn(|key| &left[key] | &shifted[key]),
        Right => shifted,
        RightSemi | RightAnti | RightMark => right,
        Full => Keys::default(),
        _ => left,
    }
}
