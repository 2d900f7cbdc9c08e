//! Some rows of a table, read by the query service within its bounds.

use std::collections::BTreeMap;
use std::time::Instant;

use app::api::catalog::{TableColumn, TableSample};
use domain::partition::Partition;
use domain::table::{CatalogPartition, CatalogTable, TableName};
use domain::{Error, Result};
use etl_engine::query::cells::text_rows;
use etl_engine::query::names::in_sql;
use etl_engine::query::sandbox::PartOfTable;
use etl_engine::transformation::sample::preview_limits;
use tokio_util::sync::CancellationToken;

use super::detail::{columns, example_sql};
use super::table;
use crate::open_lake::OpenLake;

/// Rows of one day: of `day`, or of the newest. [`domain::ErrorKind::NotFound`] when there is no such
/// table or day.
pub async fn sample(at: &OpenLake, name: &TableName, day: Option<&str>) -> Result<TableSample> {
    let started = Instant::now();
    let lake = &at.lake;
    let day = day.filter(|day| !day.is_empty()).map(str::parse::<Partition>).transpose()?;
    let table = table(lake, name).await?;
    let partition = match day {
        Some(day) => {
            Some(partition(&lake.catalog.partitions(name, Some(&[day])).await?, name, day)?)
        }
        None => lake.catalog.partitions(name, None).await?.pop(),
    };
    let sql = example_sql(&table, partition.as_ref().map(|stored| stored.partition));
    let mut sample = TableSample {
        day: None,
        of_rows: 0,
        columns: columns(&table),
        rows: Vec::new(),
        remark: None,
        sql,
        seconds: 0.0,
    };
    if let Some(stored) = partition {
        (sample.day, sample.of_rows) = (Some(stored.partition.to_string()), stored.rows);
        read(at, table, stored.partition, &mut sample).await?;
        sample.seconds = started.elapsed().as_secs_f64();
    }
    Ok(sample)
}

fn partition(
    found: &[CatalogPartition],
    name: &TableName,
    day: Partition,
) -> Result<CatalogPartition> {
    found.first().cloned().ok_or_else(|| Error::not_found(format!("{name} has no day {day}")))
}

async fn read(
    at: &OpenLake,
    table: CatalogTable,
    day: Partition,
    sample: &mut TableSample,
) -> Result<()> {
    let limits = preview_limits();
    let (database, name) = (in_sql(&table.name.database), in_sql(&table.name.table));
    let sql = format!("SELECT * FROM {database}.{name} LIMIT {}", limits.max_rows);
    let part = PartOfTable { table, partitions: vec![day] };
    // A caller who goes away drops this future, and with it the query.
    let cancel = CancellationToken::new();
    let result = at.trials()?.run_over(&sql, &part, &limits, &cancel).await?;
    let known: BTreeMap<_, _> =
        sample.columns.drain(..).map(|column| (column.name.clone(), column)).collect();
    let columns = result.schema.fields().iter().map(|field| {
        known.get(field.name()).cloned().unwrap_or_else(|| TableColumn {
            name: field.name().clone(),
            column_type: "string".to_owned(),
            comment: None,
        })
    });
    sample.columns = columns.collect();
    for batch in &result.batches {
        sample.rows.extend(text_rows(batch)?);
    }
    sample.remark = result.truncated;
    Ok(())
}
