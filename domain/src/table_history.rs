//! What a catalog table was over time, and what sets two points of that time apart.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::run::RunId;
use crate::table::{CatalogColumn, CatalogTable};

/// Who changes a table in the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableAuthor {
    /// A run that brings the table to the shape of its data.
    Run {
        /// Which run.
        run: RunId,
        /// Version of the source (conformed table) or of the transformation (purpose-built table)
        /// that it worked by.
        definition_version: Option<u64>,
    },
    /// A person, by login.
    Person {
        /// Their login.
        login: String,
    },
}

/// A table as it was from one change of its columns or of its description to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableVersion {
    /// The table after the change; its version names this point.
    pub table: CatalogTable,
    /// Who changed it; `None`: it was so when the history began to be kept.
    pub changed_by: Option<TableAuthor>,
    /// When; `None` as above.
    pub changed_at: Option<Timestamp>,
}

/// Whether an update belongs into the history: the columns, what people wrote about them, or the
/// description of the table differ. Parameters come and go with every version of the SQL.
pub fn is_change(before: Option<&CatalogTable>, after: &CatalogTable) -> bool {
    before.is_none_or(|before| {
        before.columns != after.columns || before.description != after.description
    })
}

/// A column at two points; present at one of them at least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnPair {
    /// At the earlier point.
    pub before: Option<CatalogColumn>,
    /// At the later point.
    pub after: Option<CatalogColumn>,
}

impl ColumnPair {
    /// Its name.
    pub fn name(&self) -> &str {
        let column = self.after.as_ref().or(self.before.as_ref());
        column.map_or("", |column| column.name.as_str())
    }

    /// How the two sides differ.
    pub fn change(&self) -> ColumnChange {
        match (&self.before, &self.after) {
            (None, _) => ColumnChange::Added,
            (_, None) => ColumnChange::Removed,
            (Some(before), Some(after)) if before.column_type != after.column_type => {
                ColumnChange::Retyped
            }
            (Some(before), Some(after)) if before.comment != after.comment => {
                ColumnChange::Described
            }
            _ => ColumnChange::Same,
        }
    }
}

/// How a column differs between two points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ColumnChange {
    /// Nothing differs.
    Same,
    /// Only the later point has it.
    Added,
    /// Only the earlier point has it.
    Removed,
    /// It has another type, and perhaps another description.
    Retyped,
    /// It has another description.
    Described,
}

/// The columns of two points side by side, in the order of the later one; a column that is gone
/// stands behind the one that it stood behind.
pub fn pairs(before: &[CatalogColumn], after: &[CatalogColumn]) -> Vec<ColumnPair> {
    let (then, now) = (by_name(before), by_name(after));
    let mut gone: BTreeMap<Option<&str>, Vec<ColumnPair>> = BTreeMap::new();
    let mut behind = None;
    for column in before {
        if now.contains_key(column.name.as_str()) {
            behind = Some(column.name.as_str());
        } else {
            let pair = ColumnPair { before: Some(column.clone()), after: None };
            gone.entry(behind).or_default().push(pair);
        }
    }
    let mut pairs = gone.remove(&None).unwrap_or_default();
    for column in after {
        let name = column.name.as_str();
        let before = then.get(name).map(|column| (*column).clone());
        pairs.push(ColumnPair { before, after: Some(column.clone()) });
        pairs.extend(gone.remove(&Some(name)).unwrap_or_default());
    }
    pairs
}

/// Whether columns that both points have stand in another order.
pub fn is_reordered(before: &[CatalogColumn], after: &[CatalogColumn]) -> bool {
    let (then, now) = (by_name(before), by_name(after));
    let common = |column: &&CatalogColumn| {
        let name = column.name.as_str();
        then.contains_key(name) && now.contains_key(name)
    };
    let before = before.iter().filter(common).map(|column| &column.name);
    let after = after.iter().filter(common).map(|column| &column.name);
    !before.eq(after)
}

fn by_name(columns: &[CatalogColumn]) -> BTreeMap<&str, &CatalogColumn> {
    columns.iter().map(|column| (column.name.as_str(), column)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::ColumnType;

    fn column(name: &str, column_type: ColumnType, comment: Option<&str>) -> CatalogColumn {
        CatalogColumn { name: name.into(), column_type, comment: comment.map(Into::into) }
    }

    #[test]
    fn columns_stand_side_by_side_and_gone_ones_where_they_were() {
        let before = [
            column("a", ColumnType::Int, None),
            column("b", ColumnType::Int, None),
            column("c", ColumnType::String, Some("old")),
            column("d", ColumnType::Date, None),
        ];
        let after = [
            column("a", ColumnType::BigInt, Some("new")),
            column("c", ColumnType::String, Some("new")),
            column("d", ColumnType::Date, None),
            column("e", ColumnType::Double, None),
        ];
        let pairs = pairs(&before, &after);
        let told: Vec<_> = pairs.iter().map(|pair| (pair.name(), pair.change())).collect();
        let expected = [
            ("a", ColumnChange::Retyped),
            ("b", ColumnChange::Removed),
            ("c", ColumnChange::Described),
            ("d", ColumnChange::Same),
            ("e", ColumnChange::Added),
        ];
        assert_eq!(told, expected);
        assert!(!is_reordered(&before, &after));
        let turned = [before[1].clone(), before[0].clone()];
        assert!(is_reordered(&before[..2], &turned));
    }
}
