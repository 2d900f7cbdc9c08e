//! The reports port: what the console asks of many runs at once. Answers come from indexes, in
//! milliseconds over tens of thousands of runs.

use async_trait::async_trait;
use domain::Result;
use domain::dataset::DatasetId;
use domain::partition::Partition;
use domain::run::{RunId, RunStatus};
use jiff::Timestamp;

/// Where a run stands after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunChange {
    /// The run.
    pub run: RunId,
    /// Its dataset.
    pub dataset: DatasetId,
    /// Its status now.
    pub status: RunStatus,
    /// When the ledger last wrote it, by the clock of whoever did.
    pub changed_at: Timestamp,
}

/// Runs recorded on one day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayCount {
    /// The day, UTC.
    pub day: Partition,
    /// Where they stand now.
    pub status: RunStatus,
    /// How many.
    pub runs: u64,
}

/// Rows of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowCounts {
    /// The run.
    pub run: RunId,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// Where it stands.
    pub status: RunStatus,
    /// Rows read by the first hop.
    pub rows_read: u64,
    /// Rows written by the first hop.
    pub rows_written: u64,
    /// Rows rejected by the first hop.
    pub rows_rejected: u64,
}

/// What goes on in a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetActivity {
    /// The dataset.
    pub dataset: DatasetId,
    /// Its last run that is no duplicate.
    pub last_run: RunId,
    /// Where that one stands.
    pub status: RunStatus,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Rows that the first hop wrote in all runs recorded since the moment asked for.
    pub rows_since: u64,
}

/// All that ever arrived in the raw zone, each version once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArrivalTotals {
    /// Number of arrivals.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the last one landed.
    pub last_landed_at: Option<Timestamp>,
}

/// A run that rejected rows.
#[derive(Debug, Clone, PartialEq)]
pub struct RejectedRun {
    /// The run.
    pub id: RunId,
    /// Its dataset.
    pub dataset: DatasetId,
    /// Key of the raw object.
    pub key: String,
    /// Where it stands.
    pub status: RunStatus,
    /// Who started it.
    pub actor: String,
    /// Rows it read.
    pub rows_read: u64,
    /// Rows it rejected.
    pub rows_rejected: u64,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// The newest later run of the same object that was not just a repeated event, if there is one.
    pub newer: Option<RunId>,
}

/// The rejected rows of a dataset, over all runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetRejects {
    /// The dataset.
    pub dataset: DatasetId,
    /// Runs that rejected rows.
    pub runs: u64,
    /// Rows that those runs read.
    pub rows_read: u64,
    /// Rows that they rejected.
    pub rows_rejected: u64,
    /// The newest of them.
    pub newest: RunId,
}

/// Which runs with rejected rows to list. Empty means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RejectedRunsFilter {
    /// Only of this dataset.
    pub dataset: Option<DatasetId>,
    /// Only runs recorded before this one, for the next page.
    pub before: Option<RunId>,
    /// At most so many.
    pub limit: usize,
}

/// Reports over the runs of one environment.
#[async_trait]
pub trait RunReports: Send + Sync + std::fmt::Debug {
    /// Runs that the ledger wrote at `since` or later, in the order of writing, at most `limit`.
    /// Writers have clocks of their own and transactions take time: ask again for the last seconds.
    async fn changed_since(&self, since: Timestamp, limit: usize) -> Result<Vec<RunChange>>;

    /// How many runs have each status; statuses that no run has are left out.
    async fn by_status(&self) -> Result<Vec<(RunStatus, u64)>>;

    /// Runs recorded at `from` or later by day and status, sorted; empty ones are left out.
    async fn by_day(&self, from: Timestamp) -> Result<Vec<DayCount>>;

    /// Row counts of the last runs of a dataset, newest first, duplicates left out.
    async fn row_counts(&self, dataset: &DatasetId, limit: usize) -> Result<Vec<RowCounts>>;

    /// The datasets that had a run last, at most `limit`, with their rows since a moment.
    async fn datasets(&self, rows_since: Timestamp, limit: usize) -> Result<Vec<DatasetActivity>>;

    /// Totals of all arrivals.
    async fn arrivals(&self) -> Result<ArrivalTotals>;

    /// Runs with rejected rows, newest first.
    async fn rejected_runs(&self, filter: &RejectedRunsFilter) -> Result<Vec<RejectedRun>>;

    /// One run with rejected rows; `None` when there is no such run, or it rejected none.
    async fn rejected_run(&self, id: RunId) -> Result<Option<RejectedRun>>;

    /// Datasets with rejected rows, the most recent first.
    async fn rejecting_datasets(&self) -> Result<Vec<DatasetRejects>>;
}
