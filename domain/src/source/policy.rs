//! What happens to rows and columns that do not fit.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// What happens to rows that do not fit the registration. In every case they are counted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "policy", rename_all = "snake_case", deny_unknown_fields)]
pub enum MalformedPolicy {
    /// The first such row fails the run before anything is committed.
    Fail,
    /// They are counted; their text is not kept.
    Skip,
    /// They are kept with file, line, column, reason and raw text. More than either limit fails
    /// the run before anything is committed.
    Quarantine {
        /// Most rows a run may quarantine.
        #[serde(default = "default_max_rows")]
        max_rows: u64,
        /// Greatest share of rows read that a run may quarantine, 0 to 1.
        #[serde(default = "default_max_rate")]
        max_rate: f64,
    },
}

/// The bound of a policy that was broken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Breach {
    /// Not one row may be rejected.
    AnyRow,
    /// More rows than may be were rejected.
    TooMany {
        /// Most rows.
        most: u64,
    },
    /// A larger share of the rows read than may be was rejected.
    TooLargeShare {
        /// Greatest share, 0 to 1.
        most: f64,
    },
}

impl Default for MalformedPolicy {
    fn default() -> Self {
        Self::Quarantine { max_rows: default_max_rows(), max_rate: default_max_rate() }
    }
}

impl MalformedPolicy {
    /// Whether a run that rejected so many of the rows it read may be committed.
    pub fn allows(&self, rejected: u64, read: u64) -> bool {
        self.breach(rejected, read).is_none()
    }

    /// The bound that a run breaks which rejected so many of the rows it read.
    pub fn breach(&self, rejected: u64, read: u64) -> Option<Breach> {
        match *self {
            Self::Fail if rejected > 0 => Some(Breach::AnyRow),
            Self::Quarantine { max_rows, .. } if rejected > max_rows => {
                Some(Breach::TooMany { most: max_rows })
            }
            // A share of row counts needs no more precision than f64 has.
            Self::Quarantine { max_rate, .. } if rejected as f64 > max_rate * read as f64 => {
                Some(Breach::TooLargeShare { most: max_rate })
            }
            _ => None,
        }
    }

    /// Checks the limits.
    pub fn validate(&self) -> Result<()> {
        match self {
            Self::Quarantine { max_rate, .. } if !(0.0..=1.0).contains(max_rate) => {
                Err(Error::invalid(format!("max_rate {max_rate} must lie between 0 and 1")))
            }
            _ => Ok(()),
        }
    }
}

/// What happens when a file's columns differ from the pinned ones. A missing column always fails
/// the run: rows without it would silently change meaning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DriftPolicy {
    /// Any difference but the order of columns fails the run before any write.
    #[default]
    Fail,
    /// New columns are pinned (as a new version of the source) and added to the table.
    AddColumns,
    /// As `add_columns`; and a pinned type grows where files already written still read unchanged
    /// (int to bigint, more digits before a decimal's point).
    Widen,
    /// Columns that are not pinned are not read.
    IgnoreExtra,
}

impl DriftPolicy {
    /// All policies.
    pub const ALL: [Self; 4] = [Self::Fail, Self::AddColumns, Self::Widen, Self::IgnoreExtra];

    /// The name in registrations.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::AddColumns => "add_columns",
            Self::Widen => "widen",
            Self::IgnoreExtra => "ignore_extra",
        }
    }
}

fn default_max_rows() -> u64 {
    10_000
}

fn default_max_rate() -> f64 {
    0.1
}
