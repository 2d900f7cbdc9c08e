//! The rows of a dataset's runs, oldest first, with those out of the ordinary marked.

use domain::Result;
use domain::dataset::DatasetId;
use domain::run::{Run, RunId, RunStatus};
use domain::zone::Hop;
use jiff::Timestamp;

use super::outlier;
use crate::lake::Lake;
use crate::run::RunFilter;

/// Runs that a run is compared with: those right before it.
const COMPARED_WITH: usize = 30;

/// The rows of one run that succeeded.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRows {
    /// Which run.
    pub run: RunId,
    /// The file.
    pub key: String,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Rows written to the conformed zone.
    pub rows_written: u64,
    /// Rows rejected.
    pub rows_rejected: u64,
    /// Why the number of rows is out of the ordinary, if it is.
    pub outlier: Option<String>,
}

/// The newest `limit` runs of a dataset that succeeded, oldest first. Each is compared with the 30
/// before it, so that a verdict does not change when later runs come.
pub async fn rows_per_run(lake: &Lake, dataset: &DatasetId, limit: usize) -> Result<Vec<RunRows>> {
    let filter = RunFilter {
        dataset: Some(dataset.clone()),
        statuses: vec![RunStatus::Succeeded],
        limit: limit + COMPARED_WITH,
        ..RunFilter::default()
    };
    let mut runs = lake.ledger.list(&filter).await?;
    runs.reverse();
    let counts: Vec<u64> = runs.iter().map(|run| rows(run).0).collect();
    let first = runs.len().saturating_sub(limit);
    let runs = runs.into_iter().enumerate().skip(first).map(|(index, run)| {
        let (rows_written, rows_rejected) = rows(&run);
        let before = &counts[index.saturating_sub(COMPARED_WITH)..index];
        RunRows {
            run: run.id,
            key: run.arrival.key,
            finished_at: run.finished_at,
            rows_written,
            rows_rejected,
            outlier: outlier(rows_written, before),
        }
    });
    Ok(runs.collect())
}

fn rows(run: &Run) -> (u64, u64) {
    let counts = run.step(Hop::RawToConformed).map(|step| step.counts).unwrap_or_default();
    (counts.rows_written, counts.rows_rejected)
}
