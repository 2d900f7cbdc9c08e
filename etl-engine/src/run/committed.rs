//! What the conformed zone holds of each raw object, as committed.

use async_trait::async_trait;
use domain::Result;
use domain::dataset::DatasetId;
use domain::partition::Partition;
use domain::run::CommittedObject;

/// Rows, bytes and files of one partition of a conformed table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionTotals {
    /// Which day.
    pub partition: Partition,
    /// Rows in all files.
    pub rows: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Number of files.
    pub files: u64,
}

impl PartitionTotals {
    /// A partition without files.
    pub fn empty(partition: Partition) -> Self {
        Self { partition, rows: 0, bytes: 0, files: 0 }
    }

    /// Counts one more file.
    pub fn add(&mut self, rows: u64, bytes: u64) {
        self.rows += rows;
        self.bytes += bytes;
        self.files += 1;
    }
}

/// The committed objects of one environment. They are written by
/// [`RunLedger::checkpoint`](super::RunLedger::checkpoint), together with the step that commits them.
#[async_trait]
pub trait CommittedObjects: Send + Sync + std::fmt::Debug {
    /// What the conformed zone holds of a raw object; `None` when nothing of it was committed yet.
    async fn object(&self, dataset: &DatasetId, key: &str) -> Result<Option<CommittedObject>>;

    /// Totals of the given partitions of a dataset's conformed table, sorted by date, over the files
    /// of all objects. Partitions without files are left out. Costs what these partitions hold, not
    /// what the table holds.
    async fn totals(
        &self,
        dataset: &DatasetId,
        partitions: &[Partition],
    ) -> Result<Vec<PartitionTotals>>;
}
