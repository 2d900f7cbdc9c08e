//! One environment of the lake: its zones, and the ports that know about them.

use std::sync::Arc;

use domain::environment::EnvironmentName;
use domain::zone::Zone;
use object_store::ObjectStore;

use crate::catalog::Catalog;
use crate::notify::Outbox;
use crate::quality::QualityStore;
use crate::run::{CommittedObjects, RunLedger, RunLog, RunReports};
use crate::source::SourceRegistry;
use crate::transformation::TransformationStore;

/// Everything that the data flow of one environment works on. Made once, in `compose/`.
#[derive(Debug, Clone)]
pub struct Lake {
    /// Which environment.
    pub environment: EnvironmentName,
    /// The raw zone.
    pub raw: Arc<dyn ObjectStore>,
    /// The conformed zone.
    pub conformed: Arc<dyn ObjectStore>,
    /// The purpose-built zone.
    pub purpose_built: Arc<dyn ObjectStore>,
    /// Tables and partitions.
    pub catalog: Arc<dyn Catalog>,
    /// Runs.
    pub ledger: Arc<dyn RunLedger>,
    /// What happened in each run.
    pub log: Arc<dyn RunLog>,
    /// Counts over many runs.
    pub reports: Arc<dyn RunReports>,
    /// What each raw object has in the conformed zone.
    pub committed: Arc<dyn CommittedObjects>,
    /// Registrations.
    pub sources: Arc<dyn SourceRegistry>,
    /// SQL.
    pub transformations: Arc<dyn TransformationStore>,
    /// Quality rules, and what came of them.
    pub quality: Arc<dyn QualityStore>,
    /// Notifications that wait.
    pub outbox: Arc<dyn Outbox>,
}

impl Lake {
    /// The store of a zone.
    pub fn zone(&self, zone: Zone) -> &Arc<dyn ObjectStore> {
        match zone {
            Zone::Raw => &self.raw,
            Zone::Conformed => &self.conformed,
            Zone::PurposeBuilt => &self.purpose_built,
        }
    }
}
