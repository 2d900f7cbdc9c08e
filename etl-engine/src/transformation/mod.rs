//! Transformations: the store port (the SQL of every dataset, versioned), and trying SQL before it
//! is saved.

pub mod check;
pub mod compare;
pub mod dialect;
pub mod fixtures;
pub mod impact;
pub mod kept;
mod memory;
pub mod sample;
pub mod subject;

use async_trait::async_trait;
use domain::Result;
use domain::dataset::DatasetId;
use domain::transformation::Transformation;

pub use memory::MemoryTransformationStore;

/// The transformations of one environment.
#[async_trait]
pub trait TransformationStore: Send + Sync + std::fmt::Debug {
    /// The current version of a dataset's transformation; `None` when it has none.
    async fn current(&self, dataset: &DatasetId) -> Result<Option<Transformation>>;

    /// One version.
    async fn version(&self, dataset: &DatasetId, version: u64) -> Result<Option<Transformation>>;

    /// The current version of every dataset, sorted by dataset.
    async fn list(&self) -> Result<Vec<Transformation>>;

    /// All versions of a dataset's transformation, newest first.
    async fn history(&self, dataset: &DatasetId) -> Result<Vec<Transformation>>;

    /// Saves the version after `base` (0: the first). [`domain::ErrorKind::Conflict`] when `base` is
    /// not the current version. The SQL must have been validated by the caller.
    async fn save(
        &self,
        dataset: &DatasetId,
        sql: &str,
        author: &str,
        message: &str,
        base: u64,
    ) -> Result<Transformation>;
}
