//! Queries over the catalog and their bounds.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Error, Result};

/// Identifies a query; a UUIDv7, so that ids sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct QueryId(Uuid);

impl QueryId {
    /// A new id, later than all made before it on this machine.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl fmt::Display for QueryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.hyphenated())
    }
}

impl FromStr for QueryId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Uuid::parse_str(text)
            .map(Self)
            .map_err(|_| Error::not_found("there is no such query that you may see"))
    }
}

impl TryFrom<String> for QueryId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<QueryId> for String {
    fn from(id: QueryId) -> Self {
        id.to_string()
    }
}

/// Where a query stands; the words are Athena's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum QueryState {
    /// It waits for a free slot.
    Queued,
    /// It is computed.
    Running,
    /// All rows, or as many as may be kept, are there.
    Succeeded,
    /// It is wrong, or could not be carried out.
    Failed,
    /// Somebody stopped it, or its time was over.
    Cancelled,
}

impl QueryState {
    /// Whether nothing will change any more.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// What Athena asks for one terabyte scanned, in USD.
const USD_PER_TERABYTE: f64 = 5.0;

/// The least that Athena counts for one query.
const LEAST_BYTES: u64 = 10_000_000;

/// What a query over so many bytes would cost in Athena, in USD: an estimate from the size of the
/// files; Athena counts the columns that it really reads. Nothing for a query that reads no file.
pub fn athena_usd(bytes: u64) -> f64 {
    match bytes {
        0 => 0.0,
        bytes => bytes.max(LEAST_BYTES) as f64 * USD_PER_TERABYTE / 1e12,
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_has_a_least_and_nothing_read_costs_nothing() {
        assert_eq!(athena_usd(0), 0.0);
        assert_eq!(athena_usd(1), 0.000_05);
        assert_eq!(athena_usd(2_000_000_000_000), 10.0);
    }

    #[test]
    fn an_id_reads_back_as_it_is_written() {
        let id = QueryId::generate();
        assert_eq!(id.to_string().parse::<QueryId>().unwrap(), id);
        assert!("../x".parse::<QueryId>().is_err());
    }
}
