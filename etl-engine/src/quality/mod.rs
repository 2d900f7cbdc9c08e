//! Quality rules: their store (the rules of every table, versioned, and what came of them in each
//! run), and checking them.
//!
//! Architecture invariant: rules are checked on staged files, between staging and the commit. A broken
//! rule that blocks leaves no trace in a table or the catalog.

mod evaluate;
mod found;
mod memory;
mod row_count;
mod rows;
mod sample;
mod select;
mod subject;
#[cfg(test)]
mod tests;
mod unique;

use async_trait::async_trait;
use domain::Result;
use domain::quality::{Judgement, JudgementSummary, QualityRules, SavedRules};
use domain::run::RunId;
use domain::table::TableName;

pub use evaluate::evaluate;
pub use memory::MemoryQualityStore;
pub use sample::{Days, days_to_try};
pub use select::check_sql;
pub use subject::{Commitment, Subject};

/// The quality rules of one environment, and what came of them.
#[async_trait]
pub trait QualityStore: Send + Sync + std::fmt::Debug {
    /// The current rules of a table; `None` when it never had any.
    async fn current(&self, table: &TableName) -> Result<Option<SavedRules>>;

    /// The current rules of every table, sorted by table.
    async fn list(&self) -> Result<Vec<SavedRules>>;

    /// All versions of a table's rules, newest first.
    async fn history(&self, table: &TableName) -> Result<Vec<SavedRules>>;

    /// Saves the version after `base` (0: the first). [`domain::ErrorKind::Conflict`] when `base` is
    /// not the current version. The rules must have been validated by the caller.
    async fn save(
        &self,
        table: &TableName,
        rules: &QualityRules,
        author: &str,
        message: &str,
        base: u64,
    ) -> Result<SavedRules>;

    /// Keeps what came of the rules in one hop of a run, in place of what an earlier attempt at it
    /// kept. `fence` is the token of the attempt: a later attempt's judgement stays.
    async fn record(&self, judgement: &Judgement, fence: i64) -> Result<()>;

    /// What came of the rules in a run, in the order of the hops.
    async fn of_run(&self, run: RunId) -> Result<Vec<Judgement>>;

    /// What came of a table's rules last, newest first, at most `limit`.
    async fn of_table(&self, table: &TableName, limit: usize) -> Result<Vec<JudgementSummary>>;

    /// What came of the rules the last time, of every table that was ever given some, sorted by
    /// table. Costs what these tables are, not what their history is.
    async fn latest(&self) -> Result<Vec<JudgementSummary>>;
}
