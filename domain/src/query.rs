//! Queries over the catalog and their bounds.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a query may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryLimits {
    /// Most rows returned; the result says when there were more.
    pub max_rows: usize,
    /// Most bytes returned, counted in Arrow memory.
    pub max_bytes: usize,
    /// Longest text of one cell in bytes; longer ones are cut and marked.
    pub max_cell_bytes: usize,
    /// Memory for the query, in bytes; more spills to disk or fails.
    pub max_memory: usize,
    /// Longest run time.
    pub timeout: Duration,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self {
            max_rows: 10_000,
            max_bytes: 64 * 1024 * 1024,
            max_cell_bytes: 64 * 1024,
            max_memory: 512 * 1024 * 1024,
            timeout: Duration::from_secs(300),
        }
    }
}

/// What a query cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryCost {
    /// Files opened.
    pub files: u64,
    /// Bytes of those files.
    pub bytes: u64,
    /// Partitions read.
    pub partitions: u64,
    /// Seconds from start to last row.
    pub seconds: f64,
}
