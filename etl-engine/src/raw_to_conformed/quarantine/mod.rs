//! The quarantine: rejected rows of a run, kept as Parquet, the policy that bounds them, and what
//! people look at of them.

mod browse;
mod file;
mod mark;

use std::sync::Arc;

use domain::dataset::DatasetId;
use domain::rejected::RejectedRow;
use domain::run::RunId;
use domain::source::{Breach, MalformedPolicy};
use domain::{Error, Result};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use self::file::to_batch;
use crate::table_files::{ParquetFile, quarantine_path, store_error};

pub use browse::{Facet, Facets, Page, RowFilter, facets, page};
pub use mark::{Marker, source_used};

pub(super) use file::{Opened, from_batch, open, unreadable};

/// Rejected rows are written out when so many bytes of raw text wait.
const FLUSH_BYTES: usize = 4 * 1024 * 1024;
const PART_BYTES: usize = 1024 * 1024;

/// Counts and keeps rejected rows as the source's policy says.
pub(super) struct Quarantine {
    policy: MalformedPolicy,
    store: Arc<dyn ObjectStore>,
    path: String,
    key: String,
    file: Option<ParquetFile>,
    waiting: Vec<RejectedRow>,
    waiting_bytes: usize,
    rejected: u64,
}

impl Quarantine {
    pub(super) fn new(
        policy: MalformedPolicy,
        store: Arc<dyn ObjectStore>,
        dataset: &DatasetId,
        run: RunId,
        key: &str,
    ) -> Self {
        Self {
            policy,
            store,
            path: quarantine_path(dataset, run),
            key: key.to_owned(),
            file: None,
            waiting: Vec::new(),
            waiting_bytes: 0,
            rejected: 0,
        }
    }

    /// Rows rejected so far.
    pub(super) fn rejected(&self) -> u64 {
        self.rejected
    }

    /// Takes rejected rows. The error says that the policy was broken, by which row.
    pub(super) async fn add(&mut self, rows: Vec<RejectedRow>) -> Result<()> {
        let Some(first) = rows.first().cloned() else { return Ok(()) };
        self.rejected += rows.len() as u64;
        if self.policy != MalformedPolicy::Skip {
            self.waiting_bytes += rows.iter().map(|row| row.raw.len()).sum::<usize>();
            self.waiting.extend(rows);
            if self.waiting_bytes > FLUSH_BYTES {
                self.flush().await?;
            }
        }
        match self.policy {
            MalformedPolicy::Fail => Err(Error::invalid(format!(
                "{}; the source's policy is to fail on the first row that does not fit",
                place_of(&self.key, &first)
            ))),
            MalformedPolicy::Quarantine { max_rows, .. } if self.rejected > max_rows => {
                Err(Error::invalid(format!(
                    "more than {max_rows} rows do not fit, the last found: {}; see `sluice runs \
                     quarantine`, then correct the source or raise max_rows",
                    place_of(&self.key, &first)
                )))
            }
            _ => Ok(()),
        }
    }

    /// Completes the file, if any row was kept, so that it can be browsed whatever becomes of the
    /// run; then checks the share of rejected rows.
    pub(super) async fn close(mut self, rows_read: u64) -> Result<()> {
        self.flush().await?;
        match self.file.take() {
            Some(file) => drop(file.close().await?),
            None => forget(self.store.as_ref(), &self.path).await?,
        }
        match self.policy.breach(self.rejected, rows_read) {
            Some(Breach::TooLargeShare { most }) => Err(Error::invalid(format!(
                "{} of {rows_read} rows of {} do not fit, more than the share of {most} that the \
                 source allows; see `sluice runs quarantine`, then correct the source or raise \
                 max_rate",
                self.rejected, self.key
            ))),
            // The others were broken by a row, and told when it was added.
            _ => Ok(()),
        }
    }

    /// Gives up; what an earlier attempt kept stays as it is.
    pub(super) async fn abort(self) {
        if let Some(file) = self.file {
            file.abort().await;
        }
    }

    async fn flush(&mut self) -> Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let batch = to_batch(&self.key, &std::mem::take(&mut self.waiting))?;
        self.waiting_bytes = 0;
        if self.file.is_none() {
            let store = Arc::clone(&self.store);
            let path = self.path.clone();
            self.file = Some(ParquetFile::create(store, path, &batch.schema(), PART_BYTES)?);
        }
        match &mut self.file {
            Some(file) => file.write(&[batch]).await,
            None => Ok(()),
        }
    }
}

/// An earlier attempt, by another version of the source, may have rejected rows.
async fn forget(store: &dyn ObjectStore, path: &str) -> Result<()> {
    match store.delete(&Path::from(path)).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(store_error(error)),
    }
}

fn place_of(key: &str, row: &RejectedRow) -> String {
    format!("{key}, line {}: {}", row.line, row.detail)
}

#[cfg(test)]
mod tests {
    use domain::rejected::RejectReason;
    use object_store::memory::InMemory;

    use super::*;

    fn rows(count: u64) -> Vec<RejectedRow> {
        (1..=count)
            .map(|line| RejectedRow {
                line,
                column: (line % 2 == 0).then(|| "fare".to_owned()),
                reason: RejectReason::TypeMismatch,
                detail: format!("\"x{line}\" is not a double"),
                raw: vec![b'x', 0xff, b'\n'],
            })
            .collect()
    }

    async fn run(policy: MalformedPolicy, read_rows: u64) -> (Result<()>, Vec<RejectedRow>) {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let dataset = "tlc/yellow".parse().unwrap();
        let id = RunId::generate();
        let mut quarantine = Quarantine::new(policy, Arc::clone(&store), &dataset, id, "a/b/c.csv");
        let added = quarantine.add(rows(5)).await;
        let closed = quarantine.close(read_rows).await;
        (
            added.and(closed),
            page(&store, &dataset, id, &RowFilter::default(), 0, 100).await.unwrap().rows,
        )
    }

    #[tokio::test]
    async fn rejected_rows_read_back_as_they_were() {
        let policy = MalformedPolicy::Quarantine { max_rows: 5, max_rate: 0.5 };
        let (outcome, kept) = run(policy, 10).await;
        outcome.unwrap();
        assert_eq!(kept, rows(5));
    }

    #[tokio::test]
    async fn limits_fail_the_run_and_the_rows_stay_to_be_browsed() {
        let too_many = MalformedPolicy::Quarantine { max_rows: 4, max_rate: 1.0 };
        let too_large_share = MalformedPolicy::Quarantine { max_rows: 100, max_rate: 0.4 };
        for policy in [too_many, too_large_share, MalformedPolicy::Fail] {
            let (outcome, kept) = run(policy, 10).await;
            assert!(outcome.unwrap_err().to_string().contains("a/b/c.csv"), "{policy:?}");
            assert_eq!(kept.len(), 5, "{policy:?}");
        }
    }

    #[tokio::test]
    async fn skipped_rows_are_counted_and_not_kept() {
        let (outcome, kept) = run(MalformedPolicy::Skip, 5).await;
        outcome.unwrap();
        assert!(kept.is_empty());
    }
}
