//! Pipelines in SQL: executions as jobs, plans, decisions, logs, deployments. The same in both modes,
//! and so no port stands before it.
//!
//! Every change locks the environment, reads the execution, lets [`infra::pipeline::Job`] decide, and
//! stores the result with what follows from it in one transaction.

mod claim;
mod decide;
mod enqueue;
mod environment;
mod log;
mod outbox;
mod people;
mod read;
mod row;
#[cfg(test)]
mod tests;
mod work;

use database::Database;

pub use enqueue::Enqueued;
pub use read::ExecutionFilter;

/// The pipelines of all environments in a [`Database`]. Clones share it.
#[derive(Debug, Clone)]
pub struct SqlPipelines {
    database: Database,
}

impl SqlPipelines {
    /// The pipelines in a database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}
