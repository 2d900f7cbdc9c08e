//! The query port: one SQL text in, bounded rows out.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use domain::Result;
use domain::query::{QueryCost, QueryLimits};
use tokio_util::sync::CancellationToken;

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

/// Runs queries over the tables of one environment's catalog.
///
/// The text is untrusted: SELECT, WITH, VALUES and EXPLAIN over catalogued tables are all that an
/// implementation lets through, and none of them reads a file by path, the network or a setting.
#[async_trait]
pub trait QueryService: Send + Sync + std::fmt::Debug {
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

    /// What the query would read, without running it: files, bytes and partitions that are left
    /// after pruning; no seconds.
    async fn estimate(&self, sql: &str) -> Result<QueryCost>;
}
