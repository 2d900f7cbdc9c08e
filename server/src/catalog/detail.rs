//! What stands on a table's page.

use app::api::catalog::{Definition, LastWrite, TableColumn, TableDetail, TableOrigin};
use app::api::sources::TableSize;
use domain::Result;
use domain::dataset::DatasetId;
use domain::partition::{PARTITION_KEYS, Partition};
use domain::table::{CatalogPartition, CatalogTable, TableName};
use domain::zone::{Hop, Zone};
use etl_engine::lake::Lake;
use etl_engine::query::names::in_sql;
use etl_engine::transformation::subject::Subject;

use super::{comment, defined_by, table};
use crate::transformations::standing;

/// One table. [`domain::ErrorKind::NotFound`] when the catalog does not have it.
pub async fn detail(lake: &Lake, name: &TableName) -> Result<TableDetail> {
    let table = table(lake, name).await?;
    let partitions = lake.catalog.partitions(name, None).await?;
    let newest = partitions.last().map(|newest| newest.partition);
    let sum = |of: fn(&CatalogPartition) -> u64| partitions.iter().map(of).sum();
    Ok(TableDetail {
        last_write: last_write(lake, &table, &partitions).await?,
        origin: origin(lake, &table).await?,
        example_sql: example_sql(&table, newest),
        columns: columns(&table),
        defined_by: defined_by(&table).to_owned(),
        partition_keys: PARTITION_KEYS.map(str::to_owned).to_vec(),
        size: TableSize {
            rows: sum(|stored| stored.rows),
            bytes: sum(|stored| stored.bytes),
            partitions: partitions.len() as u64,
        },
        files: sum(|stored| stored.files),
        first_day: partitions.first().map(|first| first.partition.to_string()),
        last_day: newest.map(|newest| newest.to_string()),
        database: table.name.database,
        table: table.name.table,
        zone: table.zone.to_string(),
        location: table.location,
        description: table.description,
        version: table.version,
    })
}

/// The table's own columns.
pub(super) fn columns(table: &CatalogTable) -> Vec<TableColumn> {
    let column = |column: &domain::table::CatalogColumn| TableColumn {
        name: column.name.clone(),
        column_type: column.column_type.to_string(),
        comment: comment(column),
    };
    table.columns.iter().map(column).collect()
}

/// SQL for all columns of a day; of all days when the table has none.
pub(super) fn example_sql(table: &CatalogTable, day: Option<Partition>) -> String {
    let columns: Vec<_> = table.columns.iter().map(|column| in_sql(&column.name)).collect();
    let (database, name) = (in_sql(&table.name.database), in_sql(&table.name.table));
    let columns = columns.join(",\n  ");
    let day = day.map(|day| {
        let [year, month, day] = day.values();
        format!("\nWHERE year = '{year}' AND month = '{month}' AND day = '{day}'")
    });
    format!("SELECT\n  {columns}\nFROM {database}.{name}{}\nLIMIT 100", day.unwrap_or_default())
}

async fn last_write(
    lake: &Lake,
    table: &CatalogTable,
    partitions: &[CatalogPartition],
) -> Result<Option<LastWrite>> {
    let last = partitions.iter().max_by_key(|stored| (stored.updated_at, stored.partition));
    let Some(last) = last else { return Ok(None) };
    let hop = match table.zone {
        Zone::PurposeBuilt => Hop::ConformedToPurposeBuilt,
        Zone::Raw | Zone::Conformed => Hop::RawToConformed,
    };
    let run = lake.ledger.run(last.run).await?;
    let step = run.as_ref().and_then(|run| run.step(hop));
    let definition_version = step.and_then(|step| step.definition_version);
    Ok(Some(LastWrite { run: last.run, at: last.updated_at, definition_version }))
}

/// The dataset whose folder the table stands for.
async fn origin(lake: &Lake, table: &CatalogTable) -> Result<Option<TableOrigin>> {
    let Ok(dataset) = table.location.parse::<DatasetId>() else { return Ok(None) };
    let source = lake.sources.current(&dataset).await?;
    let owner = source.as_ref().map(|saved| saved.source.owner.clone());
    if table.zone != Zone::PurposeBuilt {
        let definition = source.map(|saved| Definition {
            version: saved.version,
            author: saved.author,
            saved_at: saved.saved_at,
        });
        return Ok(Some(TableOrigin { dataset, owner, definition, reads: Vec::new() }));
    }
    let current = lake.transformations.current(&dataset).await?;
    let reads = match (&current, source) {
        (Some(current), Some(source)) => {
            let checked = Subject::from(source.source).check(lake, &current.sql).await?;
            standing(&checked).reads
        }
        _ => Vec::new(),
    };
    let definition = current.map(|saved| Definition {
        version: saved.version,
        author: saved.author,
        saved_at: saved.saved_at,
    });
    Ok(Some(TableOrigin { dataset, owner, definition, reads }))
}
