//! The embedded lake: SQLite or PostgreSQL for state, local folders as zones.

use std::path::Path;
use std::sync::Arc;

use database::Database;
use domain::Result;
use etl_embedded::{
    FolderArrivalQueue, LogFileNotifier, RawZone, SqlCatalog, SqlOutbox, SqlQualityStore,
    SqlRunLedger, SqlSourceRegistry, SqlTransformationStore, Uploads, WatchSettings,
    WebhookNotifier, Zones,
};
use etl_engine::lake::Lake;
use etl_engine::notify::Notifier;
use etl_engine::run::ArrivalQueue;

use crate::config::LakeConfig;
use crate::open_lake::{OpenLake, OpenQueue, Parts};

/// An environment over an open database, its zones in a data folder.
pub(super) fn over(config: &LakeConfig, database: Database, data_dir: &Path) -> Result<OpenLake> {
    let environment = config.environment.clone();
    let zones = Zones::open(data_dir, &environment)?;
    let ledger = Arc::new(SqlRunLedger::new(database.clone(), environment.clone()));
    let named = || environment.clone();
    let lake = Lake {
        raw: Arc::clone(&zones.raw),
        conformed: Arc::clone(&zones.conformed),
        purpose_built: Arc::clone(&zones.purpose_built),
        catalog: Arc::new(SqlCatalog::new(database.clone(), named())),
        committed: Arc::clone(&ledger) as _,
        log: Arc::clone(&ledger) as _,
        reports: Arc::clone(&ledger) as _,
        ledger,
        sources: Arc::new(SqlSourceRegistry::new(database.clone(), named())),
        transformations: Arc::new(SqlTransformationStore::new(database.clone(), named())),
        quality: Arc::new(SqlQualityStore::new(database.clone(), named())),
        outbox: Arc::new(SqlOutbox::new(database.clone(), named())),
        environment,
    };
    let raw_zone = RawZone::folder(zones.raw_folder.clone(), Arc::clone(&zones.raw));
    let uploads =
        Uploads::new(database.clone(), lake.environment.clone(), raw_zone.clone(), config.uploads);
    Ok(OpenLake::new(Parts {
        notifiers: notifiers(config, data_dir)?,
        settings: config.settings.clone(),
        data_dir: data_dir.to_owned(),
        raw_zone,
        uploads,
        open_queue: watch(&zones, &lake),
        queries: None,
        database,
        lake,
    }))
}

fn watch(zones: &Zones, lake: &Lake) -> OpenQueue {
    let (folder, ledger) = (zones.raw_folder.clone(), Arc::clone(&lake.ledger));
    Arc::new(move |_| {
        let ledger = Arc::clone(&ledger);
        let queue = FolderArrivalQueue::open(folder.clone(), ledger, WatchSettings::default())?;
        Ok(Arc::new(queue) as Arc<dyn ArrivalQueue>)
    })
}

/// The log file, and the webhooks of the configuration.
pub(super) fn notifiers(config: &LakeConfig, data_dir: &Path) -> Result<Vec<Arc<dyn Notifier>>> {
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
