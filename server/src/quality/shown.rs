//! One table with its rules and what came of them.

use app::api::quality::{QualityColumn, TableQuality};
use domain::Result;
use domain::table::TableName;
use etl_engine::lake::Lake;

use super::find_table;
use super::listing::last;

/// Runs that are looked back at.
const RECENT: usize = 20;

/// The rules of a table and what came of them; failing rows only when `with_rows`.
pub async fn detail(lake: &Lake, name: &TableName, with_rows: bool) -> Result<TableQuality> {
    let table = find_table(lake, name).await?;
    let (saved, recent) =
        tokio::try_join!(lake.quality.current(name), lake.quality.of_table(name, RECENT))?;
    let columns = table.columns.into_iter().map(|column| QualityColumn {
        name: column.name,
        column_type: column.column_type.to_string(),
    });
    let newest = match recent.first() {
        Some(newest) => lake.quality.of_run(newest.run).await?,
        None => Vec::new(),
    };
    let newest = newest.into_iter().find(|judged| judged.table == *name);
    Ok(TableQuality {
        database: name.database.clone(),
        table: name.table.clone(),
        zone: table.zone.to_string(),
        columns: columns.collect(),
        saved,
        last: newest.map(|judged| if with_rows { judged } else { judged.without_rows() }),
        recent: recent.iter().map(last).collect(),
    })
}
