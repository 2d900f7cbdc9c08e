//! Arrivals: one version of one raw object landing.

use std::cmp::Ordering;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One version of one raw object landing in one environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// The raw bucket; `raw` in embedded mode.
    pub bucket: String,
    /// Key of the object below the bucket, already URL-decoded.
    pub key: String,
    /// Which bytes of the key.
    pub version: ObjectVersion,
    /// Order among the versions of this key.
    pub sequencer: Sequencer,
    /// Size of the object in bytes.
    pub size: u64,
    /// When it landed, by the store's clock.
    pub landed_at: Timestamp,
}

/// Identifies the bytes of an object: a version id where the store keeps versions, else the eTag.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectVersion {
    /// The id of a kept version.
    VersionId(String),
    /// The eTag of the only version.
    ETag(String),
}

impl fmt::Display for ObjectVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::VersionId(id) => write!(f, "version:{id}"),
            Self::ETag(tag) => write!(f, "etag:{tag}"),
        }
    }
}

/// Order among versions of one key, as S3 defines it: a hexadecimal text, the shorter one padded
/// with zeros on the right, compared as text. Compare only sequencers of the same key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sequencer(pub String);

impl Sequencer {
    /// The sequencer of something that was seen landing at `at`.
    pub fn at(at: Timestamp) -> Self {
        Self(format!("{:016x}", at.as_microsecond()))
    }
}

impl Ord for Sequencer {
    fn cmp(&self, other: &Self) -> Ordering {
        let length = self.0.len().max(other.0.len());
        let padded = |text: &str| format!("{:0<length$}", text.to_ascii_lowercase());
        padded(&self.0).cmp(&padded(&other.0))
    }
}

impl PartialOrd for Sequencer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Sequencer {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Sequencer {}

/// Whether an object key is data. Folders, markers such as `_SUCCESS` and files that are still
/// being written (`.part`, `.tmp`, hidden ones) are not.
pub fn is_data_key(key: &str) -> bool {
    let name = key.rsplit('/').next().unwrap_or(key);
    let marker = name.is_empty() || name.starts_with(['.', '_']) || name.contains('#');
    let unfinished = [".tmp", ".part", ".partial", ".crdownload", ".filepart", "~"];
    !marker && !unfinished.iter().any(|suffix| name.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a9_the_shorter_sequencer_is_padded_with_zeros_on_the_right() {
        let sequencer = |text: &str| Sequencer(text.to_owned());
        assert!(sequencer("0055AED6DCD90281E5") < sequencer("0055AED6DCD90281E6"));
        assert!(sequencer("1") > sequencer("0FFF"));
        assert_eq!(sequencer("1"), sequencer("1000"));
        assert!(sequencer("1001") > sequencer("1"));
    }

    #[test]
    fn c10_markers_and_unfinished_files_are_no_data() {
        for key in ["a/b/_SUCCESS", "a/b/", "a/b/.x.csv", "a/b/x.csv.part", "a/b/x.csv#1"] {
            assert!(!is_data_key(key), "{key}");
        }
        assert!(is_data_key("a/b/x.csv"));
    }
}
