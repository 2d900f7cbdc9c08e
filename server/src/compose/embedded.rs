//! The embedded lake: SQLite or PostgreSQL for state, local folders as zones.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use database::{Database, sqlite_url};
use domain::arrival::Arrival;
use domain::{Error, ErrorKind, Result};
use etl_embedded::{
    FolderArrivalQueue, LogFileNotifier, RejectedRuns, SqlCatalog, SqlOutbox, SqlQualityStore,
    SqlRunLedger, SqlSourceRegistry, SqlTransformationStore, Uploads, WatchSettings,
    WebhookNotifier, Zones, land, landed,
};
use etl_engine::lake::Lake;
use etl_engine::lineage::Lineage;
use etl_engine::notify::Notifier;
use etl_engine::query::sandbox::{DataFusionQueryService, QuerySettings};
use etl_engine::run::{EngineSettings, Worker, WorkerHealth};
use etl_engine::transformation::kept::Kept;

use crate::config::{Config, LakeConfig};
use crate::transformations::KnownTransformations;

/// An open embedded lake, in one environment.
#[derive(Debug)]
pub struct Embedded {
    /// The ports.
    pub lake: Lake,
    /// Where notifications go.
    pub notifiers: Vec<Arc<dyn Notifier>>,
    /// How the engine works.
    pub settings: EngineSettings,
    /// The folder that holds the lake.
    pub data_dir: PathBuf,
    /// Signs of life of the worker of this process, if it has one.
    pub worker_health: Arc<WorkerHealth>,
    /// Files on their way into the raw zone.
    pub uploads: Uploads,
    /// Which runs rejected rows.
    pub rejected_runs: RejectedRuns,
    /// Lineage that was planned before.
    pub lineage: Kept<Arc<Lineage>>,
    /// What is known about the transformations that run.
    pub known: KnownTransformations,
    /// Queries of people who try SQL; started by the first of them.
    trials: Mutex<Option<Arc<DataFusionQueryService>>>,
    database: Database,
    zones: Zones,
}

impl Embedded {
    /// Opens the lake, making its folders and its database on first use.
    pub async fn open(config: &LakeConfig) -> Result<Self> {
        let data_dir = data_folder(config)?;
        let database = database(config, &data_dir).await?;
        Self::over(config, database, data_dir)
    }

    /// Opens every environment over one database, in the order of the configuration.
    pub async fn open_all(config: &Config) -> Result<Vec<Self>> {
        let lakes: Vec<_> = config.environments.iter().map(|name| config.lake(name)).collect();
        let first = lakes.first().ok_or_else(|| Error::invalid("environments must name one"))?;
        let data_dir = data_folder(first)?;
        let database = database(first, &data_dir).await?;
        let over = |lake: &LakeConfig| Self::over(lake, database.clone(), data_dir.clone());
        lakes.iter().map(over).collect()
    }

    fn over(config: &LakeConfig, database: Database, data_dir: PathBuf) -> Result<Self> {
        let environment = config.environment.clone();
        let zones = Zones::open(&data_dir, &environment)?;
        let ledger = Arc::new(SqlRunLedger::new(database.clone(), environment.clone()));
        let lake = Lake {
            raw: Arc::clone(&zones.raw),
            conformed: Arc::clone(&zones.conformed),
            purpose_built: Arc::clone(&zones.purpose_built),
            catalog: Arc::new(SqlCatalog::new(database.clone(), environment.clone())),
            committed: Arc::clone(&ledger) as _,
            log: Arc::clone(&ledger) as _,
            reports: Arc::clone(&ledger) as _,
            ledger,
            sources: Arc::new(SqlSourceRegistry::new(database.clone(), environment.clone())),
            transformations: Arc::new(SqlTransformationStore::new(
                database.clone(),
                environment.clone(),
            )),
            quality: Arc::new(SqlQualityStore::new(database.clone(), environment.clone())),
            outbox: Arc::new(SqlOutbox::new(database.clone(), environment.clone())),
            environment,
        };
        let notifiers = notifiers(config, &data_dir)?;
        let settings = config.settings.clone();
        let worker_health = Arc::new(WorkerHealth::default());
        let uploads = Uploads::new(
            database.clone(),
            lake.environment.clone(),
            zones.raw_folder.clone(),
            Arc::clone(&lake.raw),
            config.uploads,
        );
        let rejected_runs = RejectedRuns::new(database.clone(), lake.environment.clone());
        Ok(Self {
            lake,
            notifiers,
            settings,
            data_dir,
            worker_health,
            uploads,
            rejected_runs,
            lineage: Kept::default(),
            known: KnownTransformations::default(),
            trials: Mutex::default(),
            database,
            zones,
        })
    }

    /// The folder of the raw zone.
    pub fn raw_dir(&self) -> &Path {
        &self.zones.raw_folder
    }

    /// Lands a local file in the raw zone; `progress` is told the bytes written so far.
    pub async fn land(
        &self,
        key: &str,
        file: &Path,
        progress: impl Fn(u64) + Send + Sync,
    ) -> Result<Arrival> {
        let opened = tokio::fs::File::open(file).await.map_err(|error| {
            Error::invalid(format!("{} cannot be read: {error}", file.display()))
        })?;
        land(self.lake.raw.as_ref(), key, opened, progress).await
    }

    /// The arrival of a file that already lies in the raw zone.
    pub fn landed(&self, file: &Path) -> Option<Arrival> {
        landed(self.raw_dir(), file)
    }

    /// The query service over this lake.
    pub fn query(&self) -> Result<DataFusionQueryService> {
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

    /// The query service that everybody who tries SQL shares, so that its bounds hold for all.
    pub fn trials(&self) -> Result<Arc<DataFusionQueryService>> {
        let mut trials = self.trials.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(started) = trials.as_ref() {
            return Ok(Arc::clone(started));
        }
        let started = Arc::new(self.query()?);
        *trials = Some(Arc::clone(&started));
        Ok(started)
    }

    /// A worker that watches the raw zone.
    pub fn worker(&self) -> Result<Worker> {
        let queue = FolderArrivalQueue::open(
            self.raw_dir().to_owned(),
            Arc::clone(&self.lake.ledger),
            WatchSettings::default(),
        )?;
        Ok(Worker {
            lake: self.lake.clone(),
            queue: Some(Arc::new(queue)),
            notifiers: self.notifiers.clone(),
            settings: self.settings.clone(),
            health: Arc::clone(&self.worker_health),
        })
    }

    /// The latest notifications of the environment, newest first, with what became of them.
    pub async fn deliveries(&self, limit: u32) -> Result<Vec<etl_embedded::Delivery>> {
        let environment = self.lake.environment.clone();
        SqlOutbox::new(self.database.clone(), environment).recent(limit).await
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

/// The data folder, made on first use.
fn data_folder(config: &LakeConfig) -> Result<PathBuf> {
    let folder = std::path::absolute(&config.data_dir).map_err(|error| {
        Error::invalid(format!("--data-dir {}: {error}", config.data_dir.display()))
    })?;
    std::fs::create_dir_all(&folder).map_err(|error| {
        let message = format!(
            "the data folder {} cannot be made: {error}; choose another with --data-dir",
            folder.display()
        );
        Error::new(ErrorKind::Unavailable, message)
    })?;
    Ok(folder)
}

async fn database(config: &LakeConfig, data_dir: &Path) -> Result<Database> {
    match &config.database_url {
        Some(url) => Database::open(url).await,
        None => Database::open(&sqlite_url(&data_dir.join("sluice.sqlite"))?).await,
    }
}

fn notifiers(config: &LakeConfig, data_dir: &Path) -> Result<Vec<Arc<dyn Notifier>>> {
    let log = data_dir.join(format!("notifications-{}.jsonl", config.environment));
    let mut notifiers: Vec<Arc<dyn Notifier>> = vec![Arc::new(LogFileNotifier::new(log))];
    if let Some(url) = &config.webhook_url {
        notifiers.push(Arc::new(WebhookNotifier::new(url)?));
    }
    for (name, url) in &config.targets {
        notifiers.push(Arc::new(WebhookNotifier::named(name, url)?));
    }
    Ok(notifiers)
}
