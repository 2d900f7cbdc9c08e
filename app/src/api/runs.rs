//! Runs.

use domain::run::{RunId, RunStatus};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A run in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RunSummary {
    /// Its id.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub id: RunId,
    /// Whose file it is.
    pub dataset: String,
    /// Where it stands.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub status: RunStatus,
    /// When it was recorded.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub created_at: Timestamp,
}
