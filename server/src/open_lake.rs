//! An open lake, in one environment: the ports of the data flow, and what the server keeps beside them.
//! `compose` makes it; nothing here knows which adapters stand behind the ports.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use database::Database;
use domain::Result;
use domain::arrival::Arrival;
use etl_embedded::{RawZone, Uploads};
use etl_engine::lake::Lake;
use etl_engine::lineage::Lineage;
use etl_engine::notify::Notifier;
use etl_engine::query::sandbox::{DataFusionQueryService, QuerySettings};
use etl_engine::query::service::QueryService;
use etl_engine::run::{ArrivalQueue, EngineSettings, Worker, WorkerHealth};
use etl_engine::transformation::kept::Kept;

use crate::transformations::KnownTransformations;

/// Opens the queue of arrivals; done by who works, not by who only looks.
pub type OpenQueue = Arc<dyn Fn(Listening) -> Result<Arc<dyn ArrivalQueue>> + Send + Sync>;

/// How long somebody hears of arrivals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listening {
    /// As long as the process lives.
    Always,
    /// Until one arrival is recorded: looks are short, because the last one is waited for.
    Once,
}

/// What `compose` puts together.
pub struct Parts {
    /// The ports.
    pub lake: Lake,
    /// Where notifications go.
    pub notifiers: Vec<Arc<dyn Notifier>>,
    /// How the engine works.
    pub settings: EngineSettings,
    /// The folder of this machine that holds what is not in a port.
    pub data_dir: PathBuf,
    /// The raw zone, as files land in it.
    pub raw_zone: RawZone,
    /// Files on their way into the raw zone.
    pub uploads: Uploads,
    /// How arrivals are heard of.
    pub open_queue: OpenQueue,
    /// What carries out people's queries; `None`: the engine itself.
    pub queries: Option<Arc<dyn QueryService>>,
    /// The database that all environments share.
    pub database: Database,
}

/// An open lake, in one environment.
pub struct OpenLake {
    /// The ports.
    pub lake: Lake,
    /// Where notifications go.
    pub notifiers: Vec<Arc<dyn Notifier>>,
    /// How the engine works.
    pub settings: EngineSettings,
    /// The folder of this machine that holds what is not in a port: drafts, results, fixtures.
    pub data_dir: PathBuf,
    /// Signs of life of the worker of this process, if it has one.
    pub worker_health: Arc<WorkerHealth>,
    /// The raw zone, as files land in it.
    pub raw_zone: RawZone,
    /// Files on their way into the raw zone.
    pub uploads: Uploads,
    /// Lineage that was planned before.
    pub lineage: Kept<Arc<Lineage>>,
    /// What is known about the transformations that run.
    pub known: KnownTransformations,
    open_queue: OpenQueue,
    queries: Option<Arc<dyn QueryService>>,
    /// Queries of people who try SQL; started by the first of them.
    trials: Mutex<Option<Arc<DataFusionQueryService>>>,
    database: Database,
}

impl fmt::Debug for OpenLake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenLake")
            .field("environment", &self.lake.environment)
            .field("raw_zone", &self.raw_zone.name())
            .finish_non_exhaustive()
    }
}

impl OpenLake {
    /// Over parts that were opened.
    pub fn new(parts: Parts) -> Self {
        Self {
            lake: parts.lake,
            notifiers: parts.notifiers,
            settings: parts.settings,
            data_dir: parts.data_dir,
            worker_health: Arc::default(),
            raw_zone: parts.raw_zone,
            uploads: parts.uploads,
            lineage: Kept::default(),
            known: KnownTransformations::default(),
            open_queue: parts.open_queue,
            queries: parts.queries,
            trials: Mutex::default(),
            database: parts.database,
        }
    }

    /// The same before its environment is made: what is planned and checked finds nothing there.
    pub fn before_it_is_made(&self) -> Self {
        Self::new(Parts {
            lake: Lake::nothing(self.lake.environment.clone()),
            notifiers: Vec::new(),
            settings: self.settings.clone(),
            data_dir: self.data_dir.clone(),
            raw_zone: self.raw_zone.clone(),
            uploads: self.uploads.clone(),
            open_queue: Arc::clone(&self.open_queue),
            queries: None,
            database: self.database.clone(),
        })
    }

    /// Lands a local file in the raw zone; `progress` is told the bytes written so far.
    pub async fn land(
        &self,
        key: &str,
        file: &Path,
        progress: impl Fn(u64) + Send + Sync,
    ) -> Result<Arrival> {
        self.raw_zone.land(key, file, progress).await
    }

    /// What carries out people's queries.
    pub fn query(&self) -> Result<Arc<dyn QueryService>> {
        match &self.queries {
            Some(service) => Ok(Arc::clone(service)),
            None => Ok(Arc::new(self.own_engine()?)),
        }
    }

    /// What carries out people's queries, where that is not the engine that computes tables.
    pub fn other_engine(&self) -> Option<Arc<dyn QueryService>> {
        self.queries.clone()
    }

    /// The engine itself over this lake.
    fn own_engine(&self) -> Result<DataFusionQueryService> {
        let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let settings = QuerySettings {
            spill_parent: std::env::temp_dir(),
            max_spill: 8 * 1024 * 1024 * 1024,
            threads,
            concurrency: 4,
            max_waiting: 64,
        };
        DataFusionQueryService::new((&self.lake).into(), settings)
    }

    /// The engine that everybody who tries SQL shares, so that its bounds hold for all.
    pub fn trials(&self) -> Result<Arc<DataFusionQueryService>> {
        let mut trials = self.trials.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(started) = trials.as_ref() {
            return Ok(Arc::clone(started));
        }
        let started = Arc::new(self.own_engine()?);
        *trials = Some(Arc::clone(&started));
        Ok(started)
    }

    /// The queue of arrivals, opened anew.
    pub fn arrivals(&self, listening: Listening) -> Result<Arc<dyn ArrivalQueue>> {
        (self.open_queue)(listening)
    }

    /// A worker that hears of arrivals.
    pub fn worker(&self) -> Result<Worker> {
        Ok(Worker {
            lake: self.lake.clone(),
            queue: Some(self.arrivals(Listening::Always)?),
            notifiers: self.notifiers.clone(),
            settings: self.settings.clone(),
            health: Arc::clone(&self.worker_health),
        })
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<()> {
        self.database.ping().await
    }

    /// The database, which all environments share.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Which database it is, without its address.
    pub fn database_kind(&self) -> &'static str {
        self.database.kind()
    }
}
