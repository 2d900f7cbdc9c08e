//! Running SQL over a sample of real rows: the newest partitions of the dataset's conformed table.

use std::time::Duration;

use domain::partition::Partition;
use domain::query::QueryLimits;
use domain::table::{CatalogPartition, CatalogTable};
use domain::{Error, Result};

use crate::catalog::Catalog;
use crate::query::sandbox::PartOfTable;

/// Most partitions in a sample that nobody chose.
const MAX_PARTITIONS: usize = 7;

/// Most rows in such a sample, unless the newest partition alone has more.
const MAX_ROWS: u64 = 500_000;

/// Which part of a table is sampled.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The table and its sampled partitions, oldest first.
    pub part: PartOfTable,
    /// Partitions that the table has.
    pub of_partitions: u64,
    /// Rows in each of the sampled partitions.
    pub rows: Vec<u64>,
    /// Rows that the table has.
    pub of_rows: u64,
}

impl Sample {
    /// A sample of `table`: the partitions in `chosen`, or else the newest ones.
    /// [`domain::ErrorKind::Invalid`] for a chosen partition that the table does not have.
    pub async fn take(
        catalog: &dyn Catalog,
        table: &CatalogTable,
        chosen: Option<&[Partition]>,
    ) -> Result<Self> {
        let all = match catalog.table(&table.name).await? {
            Some(_) => catalog.partitions(&table.name, None).await?,
            None => Vec::new(),
        };
        let mut sampled: Vec<&CatalogPartition> = Vec::new();
        if let Some(chosen) = chosen {
            for partition in chosen {
                let stored = all.iter().find(|stored| stored.partition == *partition);
                sampled.push(stored.ok_or_else(|| {
                    Error::invalid(format!("{} has no partition {partition}", table.name))
                })?);
            }
        } else {
            let mut rows = 0;
            for stored in all.iter().rev().take(MAX_PARTITIONS) {
                rows += stored.rows;
                if !sampled.is_empty() && rows > MAX_ROWS {
                    break;
                }
                sampled.push(stored);
            }
        }
        sampled.sort_by_key(|stored| stored.partition);
        sampled.dedup_by_key(|stored| stored.partition);
        let partitions = sampled.iter().map(|stored| stored.partition).collect();
        Ok(Self {
            part: PartOfTable { table: table.clone(), partitions },
            of_partitions: all.len() as u64,
            rows: sampled.iter().map(|stored| stored.rows).collect(),
            of_rows: all.iter().map(|stored| stored.rows).sum(),
        })
    }

    /// Keeps the newer half of the partitions; says whether there was more than one.
    pub(crate) fn halve(&mut self) -> bool {
        let dropped = self.part.partitions.len().div_ceil(2);
        if dropped == self.part.partitions.len() {
            return false;
        }
        self.part.partitions.drain(..dropped);
        self.rows.drain(..dropped);
        true
    }
}

/// What a preview may use: its first hundred rows.
pub fn preview_limits() -> QueryLimits {
    QueryLimits {
        max_rows: 100,
        max_bytes: 4 * 1024 * 1024,
        max_cell_bytes: 1024,
        max_memory: 256 * 1024 * 1024,
        timeout: Duration::from_secs(30),
    }
}
