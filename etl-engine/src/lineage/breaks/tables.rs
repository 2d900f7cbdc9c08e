//! Tables as they are and as they would be.

use domain::column::ColumnType;
use domain::dataset::DatasetId;
use domain::table::{CatalogTable, TableName};
use domain::{Error, Result};

use super::Way;
use super::reading::OutputChange;

/// A column of a conformed table that would be dropped or retyped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnChange {
    /// Its name.
    pub name: String,
    /// The type it would get; `None`: it would be dropped.
    pub column_type: Option<ColumnType>,
}

/// A table that would be another one, or not be built any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedTable {
    pub(super) before: CatalogTable,
    /// `None`: it would not be built any more.
    after: Option<CatalogTable>,
    /// The dataset whose transformation builds it; `None`: it is the source's conformed table.
    built_by: Option<DatasetId>,
}

impl ChangedTable {
    /// The conformed table of the source. [`domain::ErrorKind::Invalid`] for a change of a column
    /// that it does not have.
    pub(super) fn of_source(table: CatalogTable, changes: &[ColumnChange]) -> Result<Self> {
        let mut after = table.clone();
        for change in changes {
            if !apply(&mut after, &change.name, change.column_type) {
                return Err(Error::invalid(format!(
                    "{} has no column {:?} to change",
                    table.name, change.name
                )));
            }
        }
        Ok(Self { before: table, after: Some(after), built_by: None })
    }

    /// A table whose transformation would return other columns; `None` when that makes it no other
    /// one: the catalog may know it as an earlier version of the SQL built it.
    pub(super) fn rebuilt(
        table: CatalogTable,
        by: DatasetId,
        changes: &[OutputChange],
    ) -> Result<Option<Self>> {
        let mut after = table.clone();
        for change in changes {
            let column_type = change.after.as_deref().map(str::parse).transpose()?;
            apply(&mut after, &change.name, column_type);
        }
        let is_another = after != table;
        Ok(is_another.then_some(Self { before: table, after: Some(after), built_by: Some(by) }))
    }

    /// A table whose transformation would not run.
    pub(super) fn stopped(table: CatalogTable, by: DatasetId) -> Self {
        Self { before: table, after: None, built_by: Some(by) }
    }

    pub(super) fn name(&self) -> &TableName {
        &self.before.name
    }

    pub(super) fn stops(&self) -> bool {
        self.after.is_none()
    }

    /// What SQL would read: what is not built any more stays as it is.
    pub(super) fn after(&self) -> &CatalogTable {
        self.after.as_ref().unwrap_or(&self.before)
    }

    pub(super) fn way(&self) -> Way {
        Way {
            table: self.before.name.clone(),
            built_by: self.built_by.clone(),
            stops: self.stops(),
        }
    }
}

/// Drops or retypes a column; whether there is one.
fn apply(table: &mut CatalogTable, name: &str, column_type: Option<ColumnType>) -> bool {
    let Some(at) = table.columns.iter().position(|column| column.name == name) else {
        return false;
    };
    match column_type {
        Some(column_type) => table.columns[at].column_type = column_type,
        None => drop(table.columns.remove(at)),
    }
    true
}
