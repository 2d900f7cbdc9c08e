//! `sluice worker`: watch the raw zone and carry out runs until stopped.

use std::process::ExitCode;

use clap::Args;
use domain::{Error, Result};
use tokio_util::sync::CancellationToken;

use super::output::remark;
use crate::compose::embedded::Embedded;
use crate::config::LakeConfig;

/// Watch the raw zone and carry out runs until stopped.
#[derive(Debug, Args)]
pub(super) struct WorkerCommand {
    /// Runs carried out at the same time.
    #[arg(long, value_name = "N")]
    concurrency: Option<usize>,
    /// Seconds that a claim holds without a heartbeat.
    #[arg(long, value_name = "SECONDS", env = "SLUICE_LEASE_SECONDS")]
    lease: Option<u32>,
}

impl WorkerCommand {
    pub(super) async fn run(self, config: &LakeConfig) -> Result<ExitCode> {
        let mut lake = Embedded::open(config).await?;
        if let Some(concurrency) = self.concurrency {
            lake.settings.concurrency = concurrency;
        }
        if let Some(seconds) = self.lease {
            lake.settings.lease = jiff::SignedDuration::from_secs(i64::from(seconds.max(1)));
        }
        watch(&lake).await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Works until Ctrl-C or SIGTERM; then runs are given back and the worker ends within ten seconds.
pub(super) async fn watch(lake: &Embedded) -> Result<()> {
    let shutdown = CancellationToken::new();
    let stop = stop_signal()?;
    let stopping = shutdown.clone();
    tokio::spawn(async move {
        stop.await;
        stopping.cancel();
    });
    remark(&format!(
        "watching {} for files at <source_system>/<table>/…/<file>; Ctrl-C stops",
        lake.raw_dir().display()
    ));
    lake.worker()?.run(shutdown).await;
    Ok(())
}

/// Resolves when the process is asked to stop.
fn stop_signal() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())
        .map_err(|error| Error::internal(format!("SIGTERM cannot be handled: {error}")))?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    })
}
