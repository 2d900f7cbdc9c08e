//! The days of a table.

use std::collections::BTreeSet;

use app::api::Page;
use app::api::catalog::{PartitionQuery, TablePartition};
use app::api::sources::{PartitionCalendar, PartitionDay};
use domain::Result;
use domain::partition::Partition;
use domain::table::{CatalogPartition, TableName};
use etl_engine::lake::Lake;

use super::table;

/// A page of at most `limit` partitions, newest first.
pub async fn partitions(
    lake: &Lake,
    name: &TableName,
    query: &PartitionQuery,
    limit: usize,
) -> Result<Page<TablePartition>> {
    let after = query.after.as_deref().map(str::parse::<Partition>).transpose()?;
    let all = all(lake, name).await?;
    let wanted = all.into_iter().rev().filter(|stored| {
        let date = stored.partition.date();
        query.year.is_none_or(|year| date.year() == year)
            && after.is_none_or(|after| stored.partition < after)
    });
    let mut items: Vec<_> = wanted.take(limit + 1).map(shown).collect();
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|last| last.day.clone());
    Ok(Page { items, next })
}

/// A year of a table; the newest when `year` is `None`.
pub async fn calendar(
    lake: &Lake,
    name: &TableName,
    year: Option<i16>,
) -> Result<PartitionCalendar> {
    let all = all(lake, name).await?;
    let years: BTreeSet<_> = all.iter().map(|stored| stored.partition.date().year()).collect();
    let year = year.or(years.last().copied()).unwrap_or_default();
    let days = all.into_iter().filter(|stored| stored.partition.date().year() == year);
    let days = days.map(|stored| PartitionDay {
        day: stored.partition.to_string(),
        rows: stored.rows,
        bytes: stored.bytes,
        files: stored.files,
        failures: 0,
        failed_run: None,
    });
    Ok(PartitionCalendar { year, days: days.collect(), years: years.into_iter().collect() })
}

/// Oldest first. [`domain::ErrorKind::NotFound`] when the catalog does not have the table.
async fn all(lake: &Lake, name: &TableName) -> Result<Vec<CatalogPartition>> {
    table(lake, name).await?;
    lake.catalog.partitions(name, None).await
}

fn shown(stored: CatalogPartition) -> TablePartition {
    TablePartition {
        day: stored.partition.to_string(),
        rows: stored.rows,
        bytes: stored.bytes,
        files: stored.files,
        run: stored.run,
        updated_at: stored.updated_at,
    }
}
