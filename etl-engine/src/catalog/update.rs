//! Bringing a catalog table to the shape that the data has, without losing what people wrote.

use std::collections::BTreeMap;

use domain::column::ColumnType;
use domain::table::{CatalogColumn, CatalogTable, TableName};
use domain::table_history::TableAuthor;
use domain::zone::Zone;
use domain::{Error, ErrorKind, Result};

use super::Catalog;

/// How often a lost compare-and-swap is tried again.
const ATTEMPTS: usize = 8;

/// The shape that a table has to have after a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableShape {
    /// Which table.
    pub name: TableName,
    /// The zone of its files.
    pub zone: Zone,
    /// Its folder below the zone.
    pub location: String,
    /// Its columns, in order: name, type, comment to start with.
    pub columns: Vec<(String, ColumnType, Option<String>)>,
    /// Parameters that Sluice sets.
    pub parameters: BTreeMap<String, String>,
}

impl TableShape {
    /// Refuses to take over a table whose files lie in another folder: two datasets may not share
    /// one. [`ErrorKind::Invalid`]; a repeat cannot help.
    pub fn check_place(&self, current: &CatalogTable) -> Result<()> {
        if current.zone == self.zone && current.location == self.location {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "table {} already stands for {}/{}: give this dataset another database",
            self.name, current.zone, current.location
        )))
    }

    /// The table as it would be stored first.
    pub fn new_table(&self) -> CatalogTable {
        CatalogTable {
            name: self.name.clone(),
            zone: self.zone,
            location: self.location.clone(),
            columns: merged_columns(&[], self),
            description: None,
            parameters: self.parameters.clone(),
            version: 0,
        }
    }
}

/// Creates or updates the table so that it has `shape`; does nothing when it already has.
/// Two tables may not share a name with different folders: the second one is refused.
pub async fn ensure_table(
    catalog: &dyn Catalog,
    shape: &TableShape,
    by: &TableAuthor,
) -> Result<()> {
    for _ in 0..ATTEMPTS {
        let current = catalog.table(&shape.name).await?;
        let Some(wanted) = updated(current.as_ref(), shape)? else { return Ok(()) };
        match catalog.put_table(&wanted, by).await {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::Conflict => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::new(
        ErrorKind::Unavailable,
        format!("table {} is being changed by others all the time; try again", shape.name),
    ))
}

/// The table to store, or `None` when nothing would change.
fn updated(current: Option<&CatalogTable>, shape: &TableShape) -> Result<Option<CatalogTable>> {
    let Some(current) = current else { return Ok(Some(shape.new_table())) };
    shape.check_place(current)?;
    let mut wanted = current.clone();
    wanted.columns = merged_columns(&current.columns, shape);
    wanted.parameters.extend(shape.parameters.clone());
    Ok((wanted != *current).then_some(wanted))
}

/// The columns of `shape` with the comments that `current` has.
fn merged_columns(current: &[CatalogColumn], shape: &TableShape) -> Vec<CatalogColumn> {
    let comment_of = |name: &str| {
        current.iter().find(|column| column.name == name).and_then(|column| column.comment.clone())
    };
    shape
        .columns
        .iter()
        .map(|(name, column_type, comment)| CatalogColumn {
            name: name.clone(),
            column_type: *column_type,
            comment: comment_of(name).or_else(|| comment.clone()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::MemoryCatalog;
    use domain::run::RunId;

    fn run() -> TableAuthor {
        TableAuthor::Run { run: RunId::generate(), definition_version: Some(1) }
    }

    fn shape(columns: &[(&str, ColumnType)]) -> TableShape {
        TableShape {
            name: TableName::new("tlc", "yellow"),
            zone: Zone::Conformed,
            location: "tlc/yellow".into(),
            columns: columns.iter().map(|(name, kind)| ((*name).into(), *kind, None)).collect(),
            parameters: BTreeMap::from([("classification".into(), "parquet".into())]),
        }
    }

    #[tokio::test]
    async fn b12_an_update_keeps_what_people_wrote() {
        let catalog = MemoryCatalog::default();
        ensure_table(&catalog, &shape(&[("a", ColumnType::Int)]), &run()).await.unwrap();
        let name = TableName::new("tlc", "yellow");
        let mut table = catalog.table(&name).await.unwrap().unwrap();
        table.description = Some("trips".into());
        table.parameters.insert("team".into(), "mobility".into());
        table.columns[0].comment = Some("count".into());
        let ada = TableAuthor::Person { login: "ada".into() };
        catalog.put_table(&table, &ada).await.unwrap();

        let grown = shape(&[("a", ColumnType::BigInt), ("b", ColumnType::String)]);
        ensure_table(&catalog, &grown, &run()).await.unwrap();

        let table = catalog.table(&name).await.unwrap().unwrap();
        assert_eq!(table.description.as_deref(), Some("trips"));
        assert_eq!(table.parameters["team"], "mobility");
        assert_eq!(table.columns[0].comment.as_deref(), Some("count"));
        assert_eq!(table.columns[0].column_type, ColumnType::BigInt);
        assert_eq!(table.columns.len(), 2);
    }

    #[tokio::test]
    async fn nothing_is_stored_when_nothing_changes() {
        let catalog = MemoryCatalog::default();
        let shape = shape(&[("a", ColumnType::Int)]);
        ensure_table(&catalog, &shape, &run()).await.unwrap();
        ensure_table(&catalog, &shape, &run()).await.unwrap();
        assert_eq!(catalog.table(&shape.name).await.unwrap().unwrap().version, 1);
    }

    #[tokio::test]
    async fn b2_two_folders_cannot_share_a_table() {
        let catalog = MemoryCatalog::default();
        let first = shape(&[("a", ColumnType::Int)]);
        ensure_table(&catalog, &first, &run()).await.unwrap();
        let other = TableShape { location: "uber/yellow".into(), ..first };
        let error = ensure_table(&catalog, &other, &run()).await.unwrap_err();
        assert!(error.to_string().contains("tlc/yellow"), "{error}");
    }
}
