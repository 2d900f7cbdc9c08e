//! Transformations: the SQL that builds a dataset's purpose-built table; versioned.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::dataset::DatasetId;

/// One saved version of a dataset's transformation. Versions are never changed, only added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transformation {
    /// Whose purpose-built table it builds.
    pub dataset: DatasetId,
    /// From 1.
    pub version: u64,
    /// Exactly one SELECT that returns year, month and day.
    pub sql: String,
    /// Who saved it.
    pub author: String,
    /// Why.
    pub message: String,
    /// When.
    pub saved_at: Timestamp,
}
