//! Quality rules of tables: listed, shown, tried, saved; the engine checks them.

mod listing;
mod save;
mod shown;
mod trial;

use domain::table::{CatalogTable, TableName};
use domain::{Error, Result};
use etl_engine::lake::Lake;
use etl_engine::raw_to_conformed::table_shape;

pub use listing::{list, troubled};
pub use save::{Saved, ToSave, faults, save};
pub use shown::detail;
pub use trial::try_rules;

/// A table that may have rules: one of the catalog, or the conformed table of a registered source
/// that no file came for yet. [`domain::ErrorKind::NotFound`] when it is neither.
pub async fn find_table(lake: &Lake, name: &TableName) -> Result<CatalogTable> {
    if let Some(table) = lake.catalog.table(name).await? {
        return Ok(table);
    }
    let sources = lake.sources.list().await?;
    let tables = sources.iter().map(|saved| table_shape(&saved.source).new_table());
    tables.into_iter().find(|table| table.name == *name).ok_or_else(|| {
        Error::not_found(format!("there is no table {name}: see the catalog for those there are"))
    })
}
