//! Which days rules are tried on before they are saved.

use domain::Result;
use domain::partition::Partition;
use domain::table::CatalogTable;

use crate::catalog::Catalog;

/// Days that are tried when nobody asks for all.
const NEWEST_DAYS: usize = 31;
/// Rows in those, unless the newest day alone has more.
const MOST_ROWS: u64 = 5_000_000;

/// The days that are tried.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Days {
    /// They, oldest first.
    pub days: Vec<Partition>,
    /// Rows in them, as catalogued.
    pub rows: u64,
    /// Days that the table has.
    pub of_days: u64,
    /// Rows that the table has.
    pub of_rows: u64,
}

/// The newest days of a table, or all of them. None when the catalog does not know the table.
pub async fn days_to_try(catalog: &dyn Catalog, table: &CatalogTable, all: bool) -> Result<Days> {
    if catalog.table(&table.name).await?.is_none() {
        return Ok(Days::default());
    }
    let stored = catalog.partitions(&table.name, None).await?;
    let mut days = Days {
        of_days: stored.len() as u64,
        of_rows: stored.iter().map(|stored| stored.rows).sum(),
        ..Days::default()
    };
    for stored in stored.iter().rev() {
        let full = days.days.len() >= NEWEST_DAYS || days.rows + stored.rows > MOST_ROWS;
        if !all && full && !days.days.is_empty() {
            break;
        }
        days.days.push(stored.partition);
        days.rows += stored.rows;
    }
    days.days.reverse();
    Ok(days)
}
