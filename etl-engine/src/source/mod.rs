//! The source registry port: which datasets are registered, and how.

mod memory;
mod register;

use async_trait::async_trait;
use domain::Result;
use domain::dataset::DatasetId;
use domain::source::Source;
use jiff::Timestamp;

pub use memory::MemorySourceRegistry;
pub use register::{Registered, check, register};

/// One version of a registration. Versions are never changed, only added.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct SourceVersion {
    /// From 1.
    pub version: u64,
    /// The registration.
    pub source: Source,
    /// Who saved it.
    pub author: String,
    /// When.
    pub saved_at: Timestamp,
}

/// The registrations of one environment.
#[async_trait]
pub trait SourceRegistry: Send + Sync + std::fmt::Debug {
    /// The current version of a dataset's registration; `None` when it is not registered.
    async fn current(&self, dataset: &DatasetId) -> Result<Option<SourceVersion>>;

    /// The current version of every registration, sorted by dataset.
    async fn list(&self) -> Result<Vec<SourceVersion>>;

    /// All versions of a dataset's registration, newest first.
    async fn history(&self, dataset: &DatasetId) -> Result<Vec<SourceVersion>>;

    /// Saves the version after `base` (0: the first). [`domain::ErrorKind::Conflict`] when `base` is
    /// not the current version; [`domain::ErrorKind::Invalid`] when the source is not valid.
    async fn save(&self, source: &Source, author: &str, base: u64) -> Result<SourceVersion>;
}
