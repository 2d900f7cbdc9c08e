//! Where files lie below a zone.

use std::fmt::Write as _;

use domain::dataset::DatasetId;
use domain::partition::Partition;
use domain::run::RunId;
use domain::zone::Hop;
use sha2::{Digest, Sha256};

/// Longest part of a source object's base name that is kept in a file name.
const MAX_STEM: usize = 100;

/// Paths of one table, relative to its zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TablePaths {
    location: String,
}

impl TablePaths {
    /// The table of a dataset, in either zone.
    pub fn new(dataset: &DatasetId) -> Self {
        Self { location: dataset.to_string() }
    }

    /// The table's folder, without slash at either end.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// A file of the table.
    pub fn file(&self, partition: Partition, name: &str) -> String {
        format!("{}/{}/{name}", self.location, partition.path())
    }
}

/// The file name that a raw object has in every conformed partition: its base name, for people, and
/// a digest of its whole key, so that equal base names in different folders stay apart.
pub fn conformed_file_name(raw_key: &str) -> String {
    let base = raw_key.rsplit('/').next().unwrap_or(raw_key);
    let safe = |ch: char| if ch.is_ascii_alphanumeric() || "._-".contains(ch) { ch } else { '_' };
    let stem: String = base.chars().map(safe).take(MAX_STEM).collect();
    let mut name = format!("{}-", stem.trim_start_matches(['.', '_']));
    for byte in &Sha256::digest(raw_key.as_bytes())[..8] {
        let _ = write!(name, "{byte:02x}"); // Writing to a String cannot fail.
    }
    name + ".parquet"
}

/// Where one attempt at one hop stages its files. No two attempts share it, so a worker that was
/// thought dead cannot touch the files of the one that took over.
pub fn staging_folder(run: RunId, hop: Hop, fence: i64) -> String {
    format!("_staging/{run}/{hop}-{fence}")
}

/// Where the rejected rows of a run are kept, below the conformed zone.
pub fn quarantine_path(dataset: &DatasetId, run: RunId) -> String {
    format!("_quarantine/{dataset}/{run}.parquet")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b2_equal_base_names_in_different_folders_stay_apart() {
        let a = conformed_file_name("tlc/yellow/2020/trips.csv");
        let b = conformed_file_name("tlc/yellow/2021/trips.csv");
        assert_ne!(a, b);
        assert!(a.starts_with("trips.csv-") && a.ends_with(".parquet"), "{a}");
        assert_eq!(a, conformed_file_name("tlc/yellow/2020/trips.csv"));
    }

    #[test]
    fn c5_any_key_becomes_a_safe_file_name() {
        for key in ["a/b/Ünïcode näme.csv", "a/b/_x", "a/b/..", "a/b/x#1", &"é".repeat(500)] {
            let name = conformed_file_name(key);
            assert!(name.is_ascii() && name.len() < 140, "{name}");
            assert!(!name.starts_with(['.', '_']) && !name.contains(['/', '#']), "{name}");
        }
    }
}
