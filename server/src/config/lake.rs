//! What the adapters of one environment need.

use std::collections::BTreeMap;
use std::path::PathBuf;

use domain::environment::EnvironmentName;
use etl_embedded::UploadLimits;
use etl_engine::run::EngineSettings;

use super::AwsPlace;

/// Where one environment of a lake lives, and how it works.
#[derive(Debug, Clone)]
pub struct LakeConfig {
    /// Where it is in AWS; `None` in mode `embedded`.
    pub aws: Option<AwsPlace>,
    /// Folder that holds the lake.
    pub data_dir: PathBuf,
    /// Environment to work in.
    pub environment: EnvironmentName,
    /// Database of the lake's state; a SQLite file in the data folder when absent.
    pub database_url: Option<String>,
    /// Where notifications go beside the log file.
    pub webhook_url: Option<String>,
    /// More places, by the names that routes know them by.
    pub targets: BTreeMap<String, String>,
    /// How the engine works.
    pub settings: EngineSettings,
    /// What uploads may take.
    pub uploads: UploadLimits,
}
