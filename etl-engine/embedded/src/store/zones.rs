//! The three zones of an environment below one data folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::Result;
use domain::environment::EnvironmentName;
use domain::zone::Zone;
use object_store::ObjectStore;

use super::local_store;

/// The zones of one environment: `<data folder>/<environment>/{raw,conformed,purpose-built}`.
#[derive(Debug, Clone)]
pub struct Zones {
    /// The folder of the raw zone, for the folder watch.
    pub raw_folder: PathBuf,
    /// The raw zone.
    pub raw: Arc<dyn ObjectStore>,
    /// The conformed zone.
    pub conformed: Arc<dyn ObjectStore>,
    /// The purpose-built zone.
    pub purpose_built: Arc<dyn ObjectStore>,
}

impl Zones {
    /// Opens the zones, creating their folders if they do not exist.
    pub fn open(data_folder: &Path, environment: &EnvironmentName) -> Result<Self> {
        let folder = |zone: Zone| data_folder.join(environment.as_str()).join(zone.as_str());
        Ok(Self {
            raw_folder: folder(Zone::Raw),
            raw: local_store(&folder(Zone::Raw))?,
            conformed: local_store(&folder(Zone::Conformed))?,
            purpose_built: local_store(&folder(Zone::PurposeBuilt))?,
        })
    }
}
