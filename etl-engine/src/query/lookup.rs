//! Finding the tables that a query names, with suggestions for those that do not exist.

use domain::table::{CatalogTable, TableName};
use domain::{Error, Result};

use super::suggestion::did_you_mean;
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

async fn unknown(name: &TableName, catalog: &dyn Catalog, known: &[CatalogTable]) -> Error {
    let listed = match catalog.tables(None).await {
        Ok(listed) => listed,
        Err(error) => return error,
    };
    let names: Vec<&TableName> = listed.iter().chain(known).map(|table| &table.name).collect();
    if !names.iter().any(|other| other.database == name.database) {
        let databases = names.iter().map(|other| other.database.as_str());
        return Error::invalid(format!(
            "there is no database {:?}{}",
            name.database,
            did_you_mean(&name.database, databases)
        ));
    }
    let in_database = names.iter().filter(|other| other.database == name.database);
    Error::invalid(format!(
        "there is no table {:?} in the database {:?}{}",
        name.table,
        name.database,
        did_you_mean(&name.table, in_database.map(|other| other.table.as_str()))
    ))
}
