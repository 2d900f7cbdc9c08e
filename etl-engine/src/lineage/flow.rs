//! What flows where: origins, and what becomes of them on the way.

use std::collections::{BTreeMap, BTreeSet};

use domain::table::TableName;

/// A column of a table that is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The table.
    pub table: TableName,
    /// The column.
    pub column: String,
}

/// What becomes of a column that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// It decides which value is taken, but is no part of it: the condition of a CASE, the order or
    /// the partition of a window.
    Steers,
    /// Its value as it is.
    Copied,
    /// A value computed from it, row by row.
    Computed,
    /// A value computed from many rows.
    Aggregated,
    /// It decides which rows there are.
    Filters,
    /// Rows are joined by it.
    Joins,
    /// Rows are grouped by it.
    Groups,
}

impl Kind {
    /// Whether values flow, instead of being decided about.
    pub fn is_direct(self) -> bool {
        matches!(self, Self::Copied | Self::Computed | Self::Aggregated)
    }
}

/// The origins of one value.
pub(super) type Inputs = BTreeSet<(Origin, Kind)>;

/// The same origins after something is computed from them.
pub(super) fn raised(inputs: Inputs, to: Kind) -> Inputs {
    let raise = |(origin, kind): (Origin, Kind)| {
        (origin, if kind.is_direct() { kind.max(to) } else { kind })
    };
    inputs.into_iter().map(raise).collect()
}

/// The same origins where they only decide.
pub(super) fn deciding(inputs: Inputs, kind: Kind) -> Inputs {
    inputs.into_iter().map(|(origin, _)| (origin, kind)).collect()
}

/// Each origin once, as the strongest of what becomes of it: who computes with a value need not be
/// told that it also steers.
pub(super) fn strongest(inputs: Inputs) -> Inputs {
    let mut best: BTreeMap<Origin, Kind> = BTreeMap::new();
    for (origin, kind) in inputs {
        let known = best.entry(origin).or_insert(kind);
        *known = (*known).max(kind);
    }
    best.into_iter().collect()
}
