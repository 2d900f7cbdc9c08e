//! One environment of the lake: its zones, and the ports that know about them.

use std::sync::Arc;

use domain::environment::EnvironmentName;
use domain::zone::Zone;
use object_store::ObjectStore;
use object_store::memory::InMemory;

use crate::catalog::{Catalog, MemoryCatalog};
use crate::notify::Outbox;
use crate::quality::{MemoryQualityStore, QualityStore};
use crate::run::{CommittedObjects, MemoryRunLedger, RunLedger, RunLog, RunReports};
use crate::source::{MemorySourceRegistry, SourceRegistry};
use crate::transformation::{MemoryTransformationStore, TransformationStore};

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
    /// An environment that is not made yet: nothing is in it, and what is put there is lost.
    pub fn nothing(environment: EnvironmentName) -> Self {
        let ledger = Arc::new(MemoryRunLedger::new(environment.clone()));
        Self {
            environment,
            raw: Arc::new(InMemory::new()),
            conformed: Arc::new(InMemory::new()),
            purpose_built: Arc::new(InMemory::new()),
            catalog: Arc::new(MemoryCatalog::default()),
            log: Arc::clone(&ledger) as _,
            reports: Arc::clone(&ledger) as _,
            committed: Arc::clone(&ledger) as _,
            outbox: Arc::clone(&ledger) as _,
            ledger,
            sources: Arc::new(MemorySourceRegistry::default()),
            transformations: Arc::new(MemoryTransformationStore::default()),
            quality: Arc::new(MemoryQualityStore::default()),
        }
    }

    /// The store of a zone.
    pub fn zone(&self, zone: Zone) -> &Arc<dyn ObjectStore> {
        match zone {
            Zone::Raw => &self.raw,
            Zone::Conformed => &self.conformed,
            Zone::PurposeBuilt => &self.purpose_built,
        }
    }
}
