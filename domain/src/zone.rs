//! Zones of the lake and the hops between them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A zone of the lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Zone {
    /// Files as their source systems delivered them.
    Raw,
    /// Typed, checked Parquet, one table per dataset.
    Conformed,
    /// Parquet shaped by a transformation, for its readers.
    PurposeBuilt,
}

impl Zone {
    /// The name as users know it: `raw`, `conformed`, `purpose-built`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Conformed => "conformed",
            Self::PurposeBuilt => "purpose-built",
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A step of a run: from one zone to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hop {
    /// Decode, check, quarantine, partition, write Parquet.
    RawToConformed,
    /// Run the transformation over the touched partitions.
    ConformedToPurposeBuilt,
}

impl Hop {
    /// Both hops in the order in which a run takes them.
    pub const ALL: [Self; 2] = [Self::RawToConformed, Self::ConformedToPurposeBuilt];

    /// The name as users know it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RawToConformed => "raw_to_conformed",
            Self::ConformedToPurposeBuilt => "conformed_to_purpose_built",
        }
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
