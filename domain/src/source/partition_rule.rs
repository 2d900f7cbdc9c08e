//! How rows find their partition.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The partition date rule of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum PartitionRule {
    /// The day on which the object first arrived, in a named time zone. A re-delivery keeps the day
    /// of the first arrival, so that it replaces its own rows.
    IngestDate {
        /// An IANA name such as `America/New_York`.
        #[serde(default = "utc")]
        time_zone: String,
    },
    /// The day in a date or timestamp column of the row. Rows without one are rejected.
    DateColumn {
        /// Name of the pinned column.
        column: String,
    },
    /// A date in the object key.
    KeyPattern {
        /// Literal text with `{year}`, `{month}` and `{day}` where their digits stand (4, 2 and 2),
        /// found anywhere in the key: `tripdata_{year}-{month}`. Without `{day}` it is the first.
        pattern: String,
    },
}

impl Default for PartitionRule {
    fn default() -> Self {
        Self::IngestDate { time_zone: utc() }
    }
}

impl PartitionRule {
    /// Checks what can be known without a time zone database.
    pub fn validate(&self) -> Result<()> {
        match self {
            Self::KeyPattern { pattern } => validate_pattern(pattern),
            Self::IngestDate { time_zone } if time_zone.is_empty() => {
                Err(Error::invalid("time_zone is empty: use an IANA name, for example UTC"))
            }
            Self::IngestDate { .. } | Self::DateColumn { .. } => Ok(()),
        }
    }
}

fn validate_pattern(pattern: &str) -> Result<()> {
    for required in ["{year}", "{month}"] {
        if pattern.matches(required).count() != 1 {
            return Err(Error::invalid(format!(
                "key pattern {pattern:?} must hold {required} exactly once"
            )));
        }
    }
    if pattern.matches("{day}").count() > 1 {
        return Err(Error::invalid(format!("key pattern {pattern:?} holds {{day}} twice")));
    }
    Ok(())
}

fn utc() -> String {
    "UTC".to_owned()
}
