//! The query port: one SQL text in, bounded rows out.
//!
//! A query has an id, a state, a price and pages of rows, as it has in Athena, so that both engines
//! stand behind one port.

use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use domain::query::{QueryCost, QueryId, QueryLimits, QueryState};
use domain::{Error, ErrorKind, Result};
use tokio_util::sync::CancellationToken;

use super::estimate::QueryEstimate;

/// What a query returned.
#[derive(Debug, Clone)]
pub struct QueryResult {
    /// The columns.
    pub schema: SchemaRef,
    /// The rows, in the query's order.
    pub batches: Vec<RecordBatch>,
    /// Number of rows in `batches`.
    pub rows: usize,
    /// Why there are fewer rows, or shorter cells, than the query has; `None` when all is there.
    pub truncated: Option<String>,
    /// What it cost.
    pub cost: QueryCost,
}

/// Some rows of a started query, in the query's order.
#[derive(Debug, Clone)]
pub struct ResultPage {
    /// Counts from 1. Rows of a later attempt replace all rows of earlier ones: a file was replaced
    /// while it was read.
    pub attempt: u32,
    /// The rows; the first page of an attempt may hold none, and tells the columns.
    pub batch: RecordBatch,
}

/// Where a started query stands.
#[derive(Debug, Clone)]
pub struct QueryStatus {
    /// The state.
    pub state: QueryState,
    /// How long it waited for a slot.
    pub queued: Duration,
    /// How long it has been computed.
    pub running: Duration,
    /// What it reads; known once it is planned.
    pub cost: QueryCost,
    /// Whether the query has more rows than its limits let through.
    pub more: bool,
    /// Why there are fewer rows, or shorter cells, than the query has.
    pub truncated: Option<String>,
    /// Set when its rows are those of an earlier run of the same text, which is at most so old: a
    /// later commit is not in them.
    pub reused: Option<Duration>,
    /// Why it failed or was stopped.
    pub error: Option<Error>,
}

impl QueryStatus {
    /// What people have to know about the rows, in words.
    pub fn remark(&self) -> Option<String> {
        let reused = self.reused.map(|age| {
            let minutes = age.as_secs().div_ceil(60);
            format!("the rows of an earlier run of this text, at most {minutes} minutes old")
        });
        match (&self.truncated, reused) {
            (Some(truncated), Some(reused)) => Some(format!("{truncated}; {reused}")),
            (truncated, reused) => truncated.clone().or(reused),
        }
    }
}

/// Runs queries over the tables of one environment's catalog.
///
/// The text is untrusted: SELECT, WITH, VALUES and EXPLAIN over catalogued tables are all that an
/// implementation lets through, and none of them reads a file by path, the network or a setting.
#[async_trait]
pub trait QueryService: Send + Sync + std::fmt::Debug {
    /// The engine's name and version, for people.
    fn engine(&self) -> &'static str;

    /// Runs one query within `limits`; `cancel` stops it.
    ///
    /// [`domain::ErrorKind::Invalid`]: the query is wrong, not allowed, or needs more than its
    /// limits. [`domain::ErrorKind::Throttled`]: too many queries wait already.
    /// [`domain::ErrorKind::Cancelled`]: `cancel` or the time-out stopped it.
    async fn run(
        &self,
        sql: &str,
        limits: &QueryLimits,
        cancel: &CancellationToken,
    ) -> Result<QueryResult>;

    /// Whether an error of [`Self::run`] says that the SQL is wrong in this engine: not that it needs
    /// more than it may have, nor that files are not as the catalog says.
    fn refuses_sql(&self, error: &Error) -> bool {
        error.kind() == ErrorKind::Invalid
    }

    /// What the query would read, without running it: files, bytes and partitions that are left
    /// after pruning; no seconds.
    async fn estimate(&self, sql: &str) -> Result<QueryEstimate>;

    /// Starts a query for `who` and returns at once. Slots are shared fairly among people. Errors
    /// as [`Self::run`], as far as they are known before the first row.
    async fn start(&self, sql: &str, limits: &QueryLimits, who: &str) -> Result<QueryId>;

    /// Where a started query stands. [`domain::ErrorKind::NotFound`] when this service does not
    /// know it any more.
    async fn status(&self, id: QueryId) -> Result<QueryStatus>;

    /// The next rows, each handed out once; waits for them. `None` when there will be no more: then
    /// the state is terminal. The query computes little further than what is taken.
    async fn next_page(&self, id: QueryId) -> Result<Option<ResultPage>>;

    /// Stops a query; no time passes until its state says so, and its CPU is free within 2 s. A query that
    /// has ended stays as it is.
    async fn cancel(&self, id: QueryId) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_an_earlier_run_are_said_to_be_so() {
        let status = |truncated: Option<&str>, reused| QueryStatus {
            state: QueryState::Succeeded,
            queued: Duration::ZERO,
            running: Duration::ZERO,
            cost: QueryCost::default(),
            more: false,
            truncated: truncated.map(str::to_owned),
            reused,
            error: None,
        };
        let hour = Some(Duration::from_secs(3600));
        assert_eq!(status(None, None).remark(), None);
        assert_eq!(status(Some("cut"), None).remark().as_deref(), Some("cut"));
        let both = status(Some("cut"), hour).remark().unwrap();
        assert_eq!(both, "cut; the rows of an earlier run of this text, at most 60 minutes old");
    }
}
