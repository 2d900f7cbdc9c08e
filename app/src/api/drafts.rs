//! Drafts: SQL that somebody is still writing, kept per person and dataset. Not live until saved.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The caller's draft of a dataset's transformation, if they have one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct OwnDraft {
    /// The draft; `None` when the caller has none.
    pub draft: Option<Draft>,
}

/// A draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Draft {
    /// The SQL so far.
    pub sql: String,
    /// The version that it was made from; 0 when there was none.
    pub base: u64,
    /// When it was kept last.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub kept_at: Timestamp,
}

/// SQL to keep as the caller's draft, in place of the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct DraftToKeep {
    /// The SQL so far; at most 200,000 bytes.
    pub sql: String,
    /// The version that it was made from; 0 when there was none.
    pub base: u64,
}
