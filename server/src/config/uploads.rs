//! Files that come through the browser: section `[uploads]`.

use serde::{Deserialize, Serialize};

use super::check::{Wrong, within};

/// Bounds of uploads.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UploadsConfig {
    /// Largest file.
    pub max_file_megabytes: u64,
    /// Files in transfer at the same time.
    pub max_concurrent: usize,
    /// Uploads that nobody goes on with are removed after so long.
    pub abandoned_after_hours: u32,
}

impl Default for UploadsConfig {
    fn default() -> Self {
        Self { max_file_megabytes: 10_240, max_concurrent: 8, abandoned_after_hours: 24 }
    }
}

impl UploadsConfig {
    pub(super) fn check(&self, wrong: &mut Vec<Wrong>) {
        within(wrong, "uploads.max_file_megabytes", self.max_file_megabytes, 1..=5_242_880);
        within(wrong, "uploads.max_concurrent", self.max_concurrent, 1..=1_000);
        within(wrong, "uploads.abandoned_after_hours", self.abandoned_after_hours, 1..=720);
    }
}
