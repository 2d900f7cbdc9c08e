//! `sluice worker`: watch the raw zones and the lake repository, carry out runs and executions until
//! stopped.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use domain::Result;
use domain::environment::EnvironmentName;
use tokio_util::sync::CancellationToken;

use super::output::remark;
use crate::compose;
use crate::compose::delivery as compose_delivery;
use crate::config::{Config, Given};
use crate::delivery::Delivery;
use crate::open_lake::OpenLake;
use crate::signals::stop_signal;

/// Watch the raw zones and the lake repository, carry out runs and executions until stopped.
#[derive(Debug, Args)]
pub(super) struct WorkerCommand {
    /// Runs carried out at the same time.
    #[arg(long, value_name = "N")]
    concurrency: Option<u32>,
    /// Seconds that a claim holds without a heartbeat.
    #[arg(long, value_name = "SECONDS")]
    lease: Option<u32>,
}

impl WorkerCommand {
    /// The flags as settings.
    pub(super) fn settings(&self) -> Vec<Given> {
        let flags = [
            Given::flag("--concurrency", "engine.concurrency", self.concurrency),
            Given::flag("--lease", "engine.lease_seconds", self.lease),
        ];
        flags.into_iter().flatten().collect()
    }
}

/// Works in one environment, or in all when none is named: pipelines lead from one to the next, so
/// that they are carried out by those who work in all.
pub(super) async fn run(config: &Config, only: Option<&EnvironmentName>) -> Result<ExitCode> {
    let lakes = match only {
        Some(_) => vec![compose::open(&config.lake(&config.environment(only)?)?).await?],
        None => compose::open_all(config).await?,
    };
    let lakes: Vec<_> = lakes.into_iter().map(Arc::new).collect();
    let delivery = match only {
        Some(_) => None,
        None => Some(Arc::new(compose_delivery::open(config, &lakes).await?)),
    };
    watch(&lakes, delivery).await?;
    Ok(ExitCode::SUCCESS)
}

/// Works until Ctrl-C or SIGTERM; then what is under way is given back and the workers end within ten
/// seconds.
async fn watch(lakes: &[Arc<OpenLake>], delivery: Option<Arc<Delivery>>) -> Result<()> {
    let shutdown = CancellationToken::new();
    let stop = stop_signal()?;
    let mut workers = tokio::task::JoinSet::new();
    for lake in lakes {
        remark(&format!(
            "watching {} for files at <source_system>/<table>/…/<file>",
            lake.raw_zone.name()
        ));
        workers.spawn(lake.worker()?.run(shutdown.clone()));
    }
    if let Some(delivery) = delivery {
        if let Some(address) = &delivery.repository_address {
            remark(&format!("watching {address} for pushes"));
        }
        workers.spawn(delivery.run(shutdown.clone()));
    }
    remark("Ctrl-C stops");
    stop.await;
    shutdown.cancel();
    while workers.join_next().await.is_some() {}
    Ok(())
}
