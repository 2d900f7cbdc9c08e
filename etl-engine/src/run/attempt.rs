//! One attempt at a claimed run: the work, its heartbeat, and how it ends in the ledger.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use domain::notification::Notification;
use domain::run::{Failure, Run, RunStatus, StepStatus};
use domain::{Error, ErrorKind, Result};
use futures::FutureExt;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::execution::Execution;
use super::{Claim, EngineSettings, Heartbeat, Stop};
use crate::failpoint;
use crate::lake::Lake;
use crate::raw_to_conformed::Progress;

/// Version of the engine, recorded on every run.
pub const ENGINE: &str = concat!("sluice ", env!("CARGO_PKG_VERSION"));

/// A running run learns within this time that somebody cancelled it.
const CANCEL_WITHIN: Duration = Duration::from_secs(2);

const NOT_ASKED: u8 = 0;
const ASKED_BY_PERSON: u8 = 1;
const CLAIM_VOID: u8 = 2;

/// Makes one attempt at a claimed run and records how it ended. `shutdown` gives the run back.
/// Returns the run as it was left.
pub async fn attempt(
    lake: &Lake,
    claim: Claim,
    settings: &EngineSettings,
    shutdown: &CancellationToken,
    progress: &Progress,
) -> Result<Run> {
    let cancel = shutdown.child_token();
    let asked = Arc::new(AtomicU8::new(NOT_ASKED));
    let heart = AbortOnDropHandle::new(tokio::spawn(keep_alive(
        lake.clone(),
        claim.clone(),
        settings.clone(),
        cancel.clone(),
        Arc::clone(&asked),
    )));
    let run = Run { engine: ENGINE.to_owned(), ..claim.run.clone() };
    let mut execution = Execution { lake, claim: &claim, settings, cancel: &cancel, progress, run };
    let outcome = AssertUnwindSafe(execution.work()).catch_unwind().await;
    drop(heart);
    let run = execution.run;
    let stop = match outcome {
        Ok(Ok(())) => None,
        Ok(Err(stop)) => Some(stop),
        Err(panic) => Some(Stop::Failed(panicked(panic.as_ref()))),
    };
    failpoint::reach("run.before_end")?;
    settle(lake, &claim, settings, run, stop, asked.load(Ordering::SeqCst)).await
}

/// Prolongs the lease until the attempt ends; cancels it when somebody asks or the claim is void.
/// A cancelled attempt keeps its lease until it has stopped.
async fn keep_alive(
    lake: Lake,
    claim: Claim,
    settings: EngineSettings,
    cancel: CancellationToken,
    asked: Arc<AtomicU8>,
) {
    let pause = (settings.lease / 3).unsigned_abs().min(CANCEL_WITHIN);
    let mut held_until = Timestamp::now() + settings.lease;
    loop {
        tokio::time::sleep(pause).await;
        let until = Timestamp::now() + settings.lease;
        match lake.ledger.heartbeat(&claim, until).await {
            Ok(Heartbeat::Held) => held_until = until,
            Ok(Heartbeat::CancelRequested) => {
                held_until = until;
                asked.store(ASKED_BY_PERSON, Ordering::SeqCst);
                cancel.cancel();
            }
            // The ledger may come back before the lease is over; after that somebody else may work.
            Err(error) if error.kind() != ErrorKind::Conflict && Timestamp::now() < held_until => {}
            Err(_) => {
                asked.store(CLAIM_VOID, Ordering::SeqCst);
                cancel.cancel();
                return;
            }
        }
    }
}

/// Records how the attempt ended.
async fn settle(
    lake: &Lake,
    claim: &Claim,
    settings: &EngineSettings,
    mut run: Run,
    stop: Option<Stop>,
    asked: u8,
) -> Result<Run> {
    match stop {
        None => end(lake, claim, run, RunStatus::Succeeded).await,
        Some(Stop::Superseded(message)) => {
            run.failure = Some(failure(&run, ErrorKind::Conflict, message));
            end(lake, claim, run, RunStatus::Superseded).await
        }
        Some(Stop::Cancelled) if asked == ASKED_BY_PERSON => {
            run.failure = Some(failure(&run, ErrorKind::Cancelled, "somebody cancelled it".into()));
            end(lake, claim, run, RunStatus::Cancelled).await
        }
        Some(Stop::Cancelled) if asked == CLAIM_VOID => {
            tracing::warn!(run = %run.id, "the claim ran out; another worker goes on");
            Ok(run)
        }
        Some(Stop::Cancelled) => {
            run.status = RunStatus::Queued;
            lake.ledger.release(claim, &run, Timestamp::now(), false).await?;
            Ok(run)
        }
        Some(Stop::Failed(error)) if may_repeat(&error) && run.attempt < settings.max_attempts => {
            let wait = settings.backoff(run.attempt);
            tracing::warn!(run = %run.id, attempt = run.attempt, %error, "attempt failed");
            run.failure = Some(failure(&run, error.kind(), error.message().to_owned()));
            run.status = RunStatus::Queued;
            lake.ledger.release(claim, &run, Timestamp::now() + wait, true).await?;
            Ok(run)
        }
        Some(Stop::Failed(error)) => {
            tracing::warn!(run = %run.id, %error, "run failed");
            run.failure = Some(failure(&run, error.kind(), error.message().to_owned()));
            end(lake, claim, run, RunStatus::Failed).await
        }
    }
}

/// A conflict is repeated because it is resolved by reading again.
fn may_repeat(error: &Error) -> bool {
    error.kind().is_transient() || error.kind() == ErrorKind::Conflict
}

async fn end(lake: &Lake, claim: &Claim, mut run: Run, status: RunStatus) -> Result<Run> {
    let now = Timestamp::now();
    run.status = status;
    run.finished_at = Some(now);
    if status != RunStatus::Succeeded {
        close_open_steps(&mut run, now);
    }
    let notification = Notification::of_run(&run, now);
    lake.ledger.finish(claim, &run, &notification).await?;
    Ok(run)
}

/// A step that was cut off failed. One that was committing stays so: its commit is still to be
/// carried out, whenever the run goes on.
fn close_open_steps(run: &mut Run, now: Timestamp) {
    for step in run.steps.iter_mut().filter(|step| step.status == StepStatus::Running) {
        step.status = StepStatus::Failed;
        step.finished_at = Some(now);
    }
}

fn failure(run: &Run, kind: ErrorKind, message: String) -> Failure {
    let open = run.steps.iter().find(|step| {
        matches!(step.status, StepStatus::Running | StepStatus::Committing | StepStatus::Failed)
    });
    Failure { hop: open.map(|step| step.hop), kind, message }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    Error::new(ErrorKind::Unavailable, format!("the engine panicked, a fault of Sluice: {text}"))
}
