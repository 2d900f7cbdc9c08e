//! What a query would read, table by table, and how to make it read less.

use std::sync::Arc;

use datafusion::physical_plan::ExecutionPlan;
use domain::partition::Partition;
use domain::query::QueryCost;
use domain::table::{CatalogTable, TableName};

use super::cost::scans_of;
use super::partition_filter::with_filter;
use super::session::zone_url;

/// What a query would read.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryEstimate {
    /// All scans together; no seconds.
    pub cost: QueryCost,
    /// Each table that the query names.
    pub tables: Vec<TableEstimate>,
    /// The same query with a filter on the partitions of a table that it reads whole.
    pub rewrite: Option<PartitionRewrite>,
}

/// What a query would read of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableEstimate {
    /// The table.
    pub table: TableName,
    /// Partitions that are left after pruning.
    pub partitions: u64,
    /// Partitions that the catalog knows.
    pub partitions_total: u64,
    /// Files in those that are left.
    pub files: u64,
    /// Bytes of those files.
    pub bytes: u64,
}

impl TableEstimate {
    /// Whether no partition of several is ruled out.
    pub fn is_read_whole(&self) -> bool {
        self.partitions_total > 1 && self.partitions == self.partitions_total
    }
}

/// A query that reads one month or day of a table instead of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionRewrite {
    /// The table.
    pub table: TableName,
    /// What was added.
    pub condition: String,
    /// The whole query with it.
    pub sql: String,
}

/// What a physical plan reads of each of the query's tables.
pub(crate) fn tables_of(
    plan: &Arc<dyn ExecutionPlan>,
    tables: &[(CatalogTable, Vec<Partition>)],
) -> Vec<TableEstimate> {
    let scans = scans_of(plan);
    let of_table = |(table, partitions): &(CatalogTable, Vec<Partition>)| {
        let (zone, folder) = (zone_url(table.zone), format!("{}/", table.location));
        // Zones' addresses end in a slash once they are parsed.
        let files = scans.iter().filter(|file| {
            file.zone.trim_end_matches('/') == zone && file.path.starts_with(&folder)
        });
        let files: Vec<_> = files.collect();
        let mut days: Vec<_> = files.iter().map(|file| file.folder()).collect();
        days.sort_unstable();
        days.dedup();
        TableEstimate {
            table: table.name.clone(),
            partitions: days.len() as u64,
            partitions_total: partitions.len() as u64,
            files: files.len() as u64,
            bytes: files.iter().map(|file| file.size).sum(),
        }
    };
    tables.iter().map(of_table).collect()
}

/// The query with a filter on the newest month of the largest table that it reads whole, or on the
/// newest day when there is one month only. `None` when nothing is read whole or no place for the
/// filter is found.
pub(crate) fn rewrite(
    sql: &str,
    estimates: &[TableEstimate],
    tables: &[(CatalogTable, Vec<Partition>)],
) -> Option<PartitionRewrite> {
    let whole = estimates.iter().filter(|estimate| estimate.is_read_whole());
    let largest = whole.max_by_key(|estimate| estimate.bytes)?;
    let (table, partitions) = tables.iter().find(|(table, _)| table.name == largest.table)?;
    let [year, month, day] = partitions.iter().max()?.values();
    let of_month = |other: &&Partition| other.values()[..2] == [year.clone(), month.clone()];
    let one_month = partitions.iter().filter(of_month).count() == partitions.len();
    let mut parts = vec![("year", year.as_str()), ("month", month.as_str())];
    if one_month {
        parts.push(("day", day.as_str()));
    }
    let (sql, condition) = with_filter(sql, &table.name, &parts)?;
    Some(PartitionRewrite { table: table.name.clone(), condition, sql })
}
