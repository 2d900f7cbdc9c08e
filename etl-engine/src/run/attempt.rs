//! One attempt at a claimed run: the work, its heartbeat, and how it ends in the ledger.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use domain::notification::Notification;
use domain::run::{Failure, Run, RunStatus, StepStatus};
use domain::zone::Hop;
use domain::{Error, ErrorKind, Result};
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::execution::Execution;
use super::logger::RunLogger;
use super::{Claim, EngineSettings, Heartbeat, Stop};
use crate::failpoint;
use crate::lake::Lake;
use crate::raw_to_conformed::Progress;

/// Version of the engine, recorded on every run.
pub const ENGINE: &str = concat!("sluice ", env!("CARGO_PKG_VERSION"));

/// A running run learns within this time that somebody cancelled it, and tells how far it is. A
/// heartbeat is one short transaction.
const BEAT: Duration = Duration::from_secs(1);

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
    progress: &Arc<Progress>,
) -> Result<Run> {
    let cancel = shutdown.child_token();
    let asked = Arc::new(AtomicU8::new(NOT_ASKED));
    let log = Arc::new(RunLogger::new(Arc::clone(&lake.log), claim.run.id, claim.run.attempt));
    let run = Run { engine: ENGINE.to_owned(), ..claim.run.clone() };
    log.info(None, format!("attempt {} begins on {}, {ENGINE}", run.attempt, settings.worker));
    let heart = Heart {
        lake: lake.clone(),
        claim: claim.clone(),
        lease: settings.lease,
        cancel: cancel.clone(),
        asked: Arc::clone(&asked),
        progress: Arc::clone(progress),
        log: Arc::clone(&log),
    };
    let heart = AbortOnDropHandle::new(tokio::spawn(heart.beat()));
    let mut execution =
        Execution { lake, claim: &claim, settings, cancel: &cancel, progress, log: &log, run };
    let outcome = AssertUnwindSafe(execution.work()).catch_unwind().await;
    drop(heart);
    progress.end();
    let run = execution.run;
    let stop = match outcome {
        Ok(Ok(())) => None,
        Ok(Err(stop)) => Some(stop),
        Err(panic) => Some(Stop::Failed(panicked(panic.as_ref()))),
    };
    failpoint::reach("run.before_end")?;
    let end = Ending { lake, claim: &claim, settings, log: &log };
    let settled = end.settle(run, stop, asked.load(Ordering::SeqCst)).await;
    log.flush().await;
    settled
}

/// What keeps the claim of an attempt, beside its work.
struct Heart {
    lake: Lake,
    claim: Claim,
    lease: SignedDuration,
    cancel: CancellationToken,
    asked: Arc<AtomicU8>,
    progress: Arc<Progress>,
    log: Arc<RunLogger>,
}

impl Heart {
    /// Prolongs the lease until the attempt ends; cancels it when somebody asks or the claim is
    /// void. A cancelled attempt keeps its lease until it has stopped.
    async fn beat(self) {
        let pause = (self.lease / 3).unsigned_abs().min(BEAT);
        let mut held_until = Timestamp::now() + self.lease;
        loop {
            tokio::time::sleep(pause).await;
            let until = Timestamp::now() + self.lease;
            let so_far = self.progress.so_far();
            match self.lake.ledger.heartbeat(&self.claim, until, so_far).await {
                Ok(Heartbeat::Held) => held_until = until,
                Ok(Heartbeat::CancelRequested) => {
                    held_until = until;
                    self.asked.store(ASKED_BY_PERSON, Ordering::SeqCst);
                    self.cancel.cancel();
                }
                // The ledger may come back before the lease is over; after that somebody else may
                // work.
                Err(error)
                    if error.kind() != ErrorKind::Conflict && Timestamp::now() < held_until => {}
                Err(_) => {
                    self.asked.store(CLAIM_VOID, Ordering::SeqCst);
                    self.cancel.cancel();
                    return;
                }
            }
            self.log.flush().await;
        }
    }
}

/// What records how an attempt ended. Its last line is stored before the ledger says the same, so
/// that whoever sees the status finds the line.
struct Ending<'a> {
    lake: &'a Lake,
    claim: &'a Claim,
    settings: &'a EngineSettings,
    log: &'a RunLogger,
}

impl Ending<'_> {
    async fn settle(&self, mut run: Run, stop: Option<Stop>, asked: u8) -> Result<Run> {
        match stop {
            None => self.end(run, RunStatus::Succeeded).await,
            Some(Stop::Superseded(message)) => {
                run.failure = Some(failure(&run, ErrorKind::Conflict, message));
                self.end(run, RunStatus::Superseded).await
            }
            Some(Stop::Cancelled) if asked == ASKED_BY_PERSON => {
                let message = "somebody cancelled it".to_owned();
                run.failure = Some(failure(&run, ErrorKind::Cancelled, message));
                self.end(run, RunStatus::Cancelled).await
            }
            Some(Stop::Cancelled) if asked == CLAIM_VOID => {
                tracing::warn!(run = %run.id, "the claim ran out; another worker goes on");
                self.log.warning(None, "the claim ran out: another worker goes on");
                Ok(run)
            }
            Some(Stop::Cancelled) => {
                let worker = &self.settings.worker;
                self.log.warning(None, format!("{worker} shuts down and gives the run back"));
                self.give_back(run, Timestamp::now(), false).await
            }
            Some(Stop::Failed(error))
                if may_repeat(&error) && run.attempt < self.settings.max_attempts =>
            {
                let wait = self.settings.backoff(run.attempt);
                tracing::warn!(run = %run.id, attempt = run.attempt, %error, "attempt failed");
                let hop = open_hop(&run);
                self.log.warning(hop, format!("attempt {} failed: {error}", run.attempt));
                let seconds = wait.as_secs_f64();
                let most = self.settings.max_attempts;
                let next = run.attempt + 1;
                self.log.info(
                    None,
                    format!(
                        "attempt {next} of at most {most} follows in {seconds} s: a repeat may help"
                    ),
                );
                run.failure = Some(failure(&run, error.kind(), error.message().to_owned()));
                self.give_back(run, Timestamp::now() + wait, true).await
            }
            Some(Stop::Failed(error)) => {
                tracing::warn!(run = %run.id, %error, "run failed");
                run.failure = Some(failure(&run, error.kind(), error.message().to_owned()));
                self.end(run, RunStatus::Failed).await
            }
        }
    }

    async fn give_back(&self, mut run: Run, due: Timestamp, count_attempt: bool) -> Result<Run> {
        run.status = RunStatus::Queued;
        self.log.flush().await;
        self.lake.ledger.release(self.claim, &run, due, count_attempt).await?;
        Ok(run)
    }

    async fn end(&self, mut run: Run, status: RunStatus) -> Result<Run> {
        let now = Timestamp::now();
        run.status = status;
        run.finished_at = Some(now);
        match &run.failure {
            None => self.log.info(None, "the run succeeded"),
            Some(failure) => {
                let text = format!("the run ends {status}: {}", failure.message);
                self.log.error(failure.hop, text);
            }
        }
        self.log.flush().await;
        if status != RunStatus::Succeeded {
            close_open_steps(&mut run, now);
        }
        let notification = Notification::of_run(&run, now);
        self.lake.ledger.finish(self.claim, &run, &notification).await?;
        Ok(run)
    }
}

/// A conflict is repeated because it is resolved by reading again.
fn may_repeat(error: &Error) -> bool {
    error.kind().is_transient() || error.kind() == ErrorKind::Conflict
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
    Failure { hop: open_hop(run), kind, message }
}

/// The hop that was not brought to its end.
fn open_hop(run: &Run) -> Option<Hop> {
    let open = run.steps.iter().find(|step| {
        matches!(step.status, StepStatus::Running | StepStatus::Committing | StepStatus::Failed)
    });
    open.map(|step| step.hop)
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    Error::new(ErrorKind::Unavailable, format!("the engine panicked, a fault of Sluice: {text}"))
}
