//! Files that come through the browser: section `[uploads]`.

use etl_embedded::UploadLimits;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::check::{Wrong, within};

/// Bounds of uploads.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UploadsConfig {
    /// Largest file.
    pub max_file_megabytes: u64,
    /// Files of one person in one environment that may be under way.
    pub max_per_person: u32,
    /// Space that stays free on the disk of the raw zone.
    pub free_reserve_megabytes: u64,
    /// Uploads that nobody goes on with are removed after so long.
    pub abandoned_after_hours: u32,
}

impl Default for UploadsConfig {
    fn default() -> Self {
        Self {
            max_file_megabytes: 65_536,
            max_per_person: 16,
            free_reserve_megabytes: 1_024,
            abandoned_after_hours: 24,
        }
    }
}

impl UploadsConfig {
    /// The bounds as the store of uploads takes them.
    pub fn limits(&self) -> UploadLimits {
        UploadLimits {
            max_bytes: self.max_file_megabytes * 1_000_000,
            max_per_user: self.max_per_person,
            free_reserve: self.free_reserve_megabytes * 1_000_000,
            expire_after: SignedDuration::from_hours(self.abandoned_after_hours.into()),
            ..UploadLimits::default()
        }
    }

    pub(super) fn check(&self, wrong: &mut Vec<Wrong>) {
        within(wrong, "uploads.max_file_megabytes", self.max_file_megabytes, 1..=5_242_880);
        within(wrong, "uploads.max_per_person", self.max_per_person, 1..=1_000);
        let reserve = self.free_reserve_megabytes;
        within(wrong, "uploads.free_reserve_megabytes", reserve, 0..=1_048_576);
        within(wrong, "uploads.abandoned_after_hours", self.abandoned_after_hours, 1..=720);
    }
}
