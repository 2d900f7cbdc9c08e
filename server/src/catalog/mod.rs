//! The catalog as the console shows it: tables, their words, days, rows and history.

mod describe;
mod detail;
mod history;
mod listing;
mod partitions;
mod sample;

use domain::table::{CatalogColumn, CatalogTable, TableName};
use domain::zone::Zone;
use domain::{Error, Result};
use etl_engine::lake::Lake;

pub use describe::{TableWords, describe};
pub use detail::detail;
pub use history::{compare, history};
pub use listing::list;
pub use partitions::{calendar, partitions};
pub use sample::sample;

/// A table. [`domain::ErrorKind::NotFound`] when the catalog does not have it.
async fn table(lake: &Lake, name: &TableName) -> Result<CatalogTable> {
    let found = lake.catalog.table(name).await?;
    found.ok_or_else(|| {
        Error::not_found(format!(
            "there is no table {name} in the catalog; a table appears with the first run of its \
             dataset"
        ))
    })
}

/// What makes a table.
fn defined_by(table: &CatalogTable) -> &'static str {
    match table.zone {
        Zone::PurposeBuilt => "transformation",
        Zone::Raw | Zone::Conformed => "source",
    }
}

/// What people wrote about a column. A description that they took away is kept as an empty text, so
/// that the next run does not put the source's in its place.
fn comment(column: &CatalogColumn) -> Option<String> {
    column.comment.clone().filter(|text| !text.is_empty())
}
