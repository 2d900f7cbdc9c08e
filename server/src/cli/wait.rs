//! Waiting for a run: this process works on what is queued until the run is over.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::run::{Run, RunId, RunStatus};
use domain::zone::Hop;
use domain::{Error, Result};
use etl_engine::notify::deliver_due;
use etl_engine::raw_to_conformed::Progress;
use etl_engine::run::{ClaimRequest, attempt};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::output::Output;
use crate::open_lake::OpenLake;

const POLL: Duration = Duration::from_millis(100);

/// Carries out queued runs until `id` needs nothing more from a worker, and returns it. Another
/// worker may do the work as well. Ctrl-C gives the run back.
pub(super) async fn wait_for(lake: &OpenLake, id: RunId, output: Output) -> Result<Run> {
    let shutdown = CancellationToken::new();
    let interrupted = shutdown.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            interrupted.cancel();
        }
    });
    loop {
        let run = lake
            .lake
            .ledger
            .run(id)
            .await?
            .ok_or_else(|| Error::not_found(format!("run {id} is not in the ledger")))?;
        if run.status.is_terminal() || run.status == RunStatus::Held {
            deliver_due(lake.lake.outbox.as_ref(), &lake.notifiers).await?;
            return Ok(run);
        }
        if shutdown.is_cancelled() {
            return Err(Error::invalid(format!(
                "interrupted; run {id} stays queued: `sluice worker` goes on with it"
            )));
        }
        if !work_once(lake, &shutdown, output).await? {
            tokio::time::sleep(POLL).await;
        }
    }
}

/// Makes one attempt at whatever is next. False when nothing is due.
async fn work_once(lake: &OpenLake, shutdown: &CancellationToken, output: Output) -> Result<bool> {
    let request = ClaimRequest {
        worker: lake.settings.worker.clone(),
        lease: lake.settings.lease,
        max_attempts: lake.settings.max_attempts,
    };
    let Some(claim) = lake.lake.ledger.claim(&request, Timestamp::now()).await? else {
        return Ok(false);
    };
    let progress = Arc::new(Progress::default());
    let bar = output.is_for_people().then(|| show(&claim.run, Arc::clone(&progress)));
    let outcome = attempt(&lake.lake, claim, &lake.settings, shutdown, &progress).await;
    if let Some(bar) = bar {
        bar.abort();
        remove_line();
    }
    outcome.map(|_| true)
}

/// A line that tells how far the run is, until it is aborted.
fn show(run: &Run, progress: Arc<Progress>) -> tokio::task::JoinHandle<()> {
    let name = run.arrival.key.clone();
    tokio::spawn(async move {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
            bar.set_style(style);
        }
        loop {
            let rows = progress.rows_read.load(Ordering::Relaxed);
            let rejected = progress.rows_rejected.load(Ordering::Relaxed);
            bar.set_message(format!("{name}: {rows} rows read, {rejected} rejected"));
            bar.tick();
            tokio::time::sleep(POLL).await;
        }
    })
}

fn remove_line() {
    use std::io::Write;
    let _ = write!(std::io::stderr(), "\r\u{1b}[2K");
}

/// The summary of a run that scripts read: `dataset`, `input`, `status`, counts and seconds.
#[derive(Debug, serde::Serialize)]
pub(super) struct RunSummary {
    run: RunId,
    dataset: String,
    input: String,
    status: RunStatus,
    rows_read: u64,
    rows_written: u64,
    rows_rejected: u64,
    purpose_built_rows: u64,
    seconds: HopSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

#[derive(Debug, serde::Serialize)]
struct HopSeconds {
    raw_to_conformed: f64,
    conformed_to_purpose_built: f64,
}

impl RunSummary {
    /// Summarises `run`, which read `input`.
    pub(super) fn new(run: &Run, input: String) -> Self {
        let counts = |hop| run.step(hop).map(|step| step.counts).unwrap_or_default();
        let seconds = |hop| run.step(hop).and_then(|step| step.seconds()).unwrap_or_default();
        let first = counts(Hop::RawToConformed);
        Self {
            run: run.id,
            dataset: run.dataset.to_string(),
            input,
            status: run.status,
            rows_read: first.rows_read,
            rows_written: first.rows_written,
            rows_rejected: first.rows_rejected,
            purpose_built_rows: counts(Hop::ConformedToPurposeBuilt).rows_written,
            seconds: HopSeconds {
                raw_to_conformed: seconds(Hop::RawToConformed),
                conformed_to_purpose_built: seconds(Hop::ConformedToPurposeBuilt),
            },
            message: run.failure.as_ref().map(|failure| failure.message.clone()),
        }
    }

    /// Whether the run did what it should.
    pub(super) fn succeeded(&self) -> bool {
        self.status == RunStatus::Succeeded
    }

    /// Whether the run still waits for a worker.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.status, RunStatus::Queued | RunStatus::Running)
    }

    /// Prints summaries as `{"runs": […]}` or as a table.
    pub(super) fn print(summaries: &[Self], output: Output) -> Result<()> {
        let mut sheet = super::output::Sheet::new(&[
            "dataset",
            "input",
            "status",
            "read",
            "written",
            "rejected",
            "purpose-built",
            "hop 1",
            "hop 2",
        ]);
        for summary in summaries {
            sheet.row([
                summary.dataset.clone(),
                summary.input.clone(),
                summary.status.to_string(),
                summary.rows_read.to_string(),
                summary.rows_written.to_string(),
                summary.rows_rejected.to_string(),
                summary.purpose_built_rows.to_string(),
                format!("{:.2} s", summary.seconds.raw_to_conformed),
                format!("{:.2} s", summary.seconds.conformed_to_purpose_built),
            ]);
        }
        output.print(&sheet, &serde_json::json!({ "runs": summaries }), "no runs")?;
        for summary in summaries {
            if let (Output::Table, Some(message)) = (output, &summary.message) {
                super::output::remark(&format!("run {}: {message}", summary.run));
            }
        }
        Ok(())
    }
}
