//! Finding the tables that a query names, with suggestions for those that do not exist.

use domain::table::{CatalogTable, TableName};
use domain::{Error, Result};

use super::suggestion::{closest, did_you_mean};
use crate::catalog::Catalog;

/// The tables called `names`: from `known` first, then from the catalog.
/// [`domain::ErrorKind::Invalid`] when one does not exist; the message offers the closest name.
pub(crate) async fn tables_named(
    names: &[TableName],
    catalog: &dyn Catalog,
    known: &[CatalogTable],
) -> Result<Vec<CatalogTable>> {
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        let table = match known.iter().find(|table| table.name == *name) {
            Some(table) => Some(table.clone()),
            None => catalog.table(name).await?,
        };
        match table {
            Some(table) => found.push(table),
            None => return Err(unknown(name, catalog, known).await),
        }
    }
    Ok(found)
}

/// A table that does not exist.
pub(crate) struct UnknownTable {
    /// Which part of its name is unknown, and what may have been meant.
    pub(crate) message: String,
    /// The closest table.
    pub(crate) instead: Option<TableName>,
}

async fn unknown(name: &TableName, catalog: &dyn Catalog, known: &[CatalogTable]) -> Error {
    match unknown_table(name, catalog, known).await {
        Ok(unknown) => Error::invalid(unknown.message),
        Err(error) => error,
    }
}

/// What to say about a table that does not exist.
pub(crate) async fn unknown_table(
    name: &TableName,
    catalog: &dyn Catalog,
    known: &[CatalogTable],
) -> Result<UnknownTable> {
    let listed = catalog.names().await?;
    let listed = listed.iter().map(|(name, _)| name);
    let names: Vec<&TableName> = listed.chain(known.iter().map(|table| &table.name)).collect();
    let (database, table) = (name.database.as_str(), name.table.as_str());
    if !names.iter().any(|other| other.database == name.database) {
        let databases = || names.iter().map(|other| other.database.as_str());
        let near = closest(database, databases());
        let instead = near.map(|near| TableName::new(near, table));
        return Ok(UnknownTable {
            message: format!(
                "there is no database {database:?}{}",
                did_you_mean(database, databases())
            ),
            instead: instead.filter(|instead| names.contains(&instead)),
        });
    }
    let in_database = || {
        let others = names.iter().filter(|other| other.database == name.database);
        others.map(|other| other.table.as_str())
    };
    Ok(UnknownTable {
        message: format!(
            "there is no table {table:?} in the database {database:?}{}",
            did_you_mean(table, in_database())
        ),
        instead: closest(table, in_database()).map(|near| TableName::new(database, near)),
    })
}
