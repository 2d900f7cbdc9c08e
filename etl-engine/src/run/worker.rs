//! The worker: takes in arrivals, claims runs up to the concurrency cap, delivers notifications,
//! cleans up.

use std::sync::Arc;
use std::time::Duration;

use domain::{Error, ErrorKind, Result};
use jiff::Timestamp;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::attempt::attempt;
use super::worker_health::WorkerHealth;
use super::{ArrivalQueue, ClaimRequest, EngineSettings, clean_up, take_in};
use crate::lake::Lake;
use crate::notify::{Notifier, deliver_due};
use crate::raw_to_conformed::Progress;

/// How long runs may take to stop at a safe place when the worker shuts down.
const DRAIN: Duration = Duration::from_secs(7);
const CLEAN_UP_EVERY: Duration = Duration::from_hours(1);
/// How long an answer of the ledger is waited for when the worker shuts down.
const LAST_ANSWER: Duration = Duration::from_secs(2);
/// Pause after the ledger or a store was unavailable.
const PAUSE: Duration = Duration::from_secs(2);
/// Pause while the environment's tables and queue are not there: its first deployment makes them.
const UNTIL_MADE: Duration = Duration::from_secs(10);

/// Everything a worker of one environment needs.
#[derive(Debug, Clone)]
pub struct Worker {
    /// The environment.
    pub lake: Lake,
    /// Where arrivals are heard of; `None` only works on what is recorded.
    pub queue: Option<Arc<dyn ArrivalQueue>>,
    /// Where notifications go.
    pub notifiers: Vec<Arc<dyn Notifier>>,
    /// Bounds and patience.
    pub settings: EngineSettings,
    /// Signs of life, for whoever asks.
    pub health: Arc<WorkerHealth>,
}

impl Worker {
    /// Works until `shutdown`; then gives claimed runs back, or lets their commits end, within ten
    /// seconds.
    pub async fn run(self, shutdown: CancellationToken) {
        let wake = Arc::new(Notify::new());
        tokio::join!(
            self.take_in_arrivals(&wake, &shutdown),
            self.carry_out_runs(&wake, &shutdown),
            self.deliver_notifications(&shutdown),
            self.clean_up_regularly(&shutdown),
        );
    }

    async fn take_in_arrivals(&self, wake: &Notify, shutdown: &CancellationToken) {
        let Some(queue) = &self.queue else { return };
        while !shutdown.is_cancelled() {
            let taken = tokio::select! {
                taken = take_in(&self.lake, queue.as_ref()) => taken,
                () = shutdown.cancelled() => return,
            };
            match taken {
                Ok(0) => {}
                Ok(_) => wake.notify_one(),
                Err(error) => {
                    tracing::warn!(%error, "arrivals cannot be recorded now");
                    pause(after(&error), shutdown).await;
                }
            }
        }
    }

    async fn carry_out_runs(&self, wake: &Arc<Notify>, shutdown: &CancellationToken) {
        let permits = Arc::new(Semaphore::new(self.settings.concurrency.max(1)));
        let mut runs = JoinSet::new();
        while !shutdown.is_cancelled() {
            let permit = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                permit = Arc::clone(&permits).acquire_owned() => permit,
                never = self.health.beat_on() => match never {},
            };
            let Ok(permit) = permit else { break };
            let claimed = tokio::select! {
                biased;
                claimed = self.claim() => claimed,
                // What it is handed after all is left to its lease.
                () = late(shutdown) => break,
            };
            // Nothing to work on yet is no fault of the worker.
            let fault = claimed.as_ref().err();
            if fault.is_none_or(|error| error.kind() == ErrorKind::NotFound) {
                self.health.beat();
            }
            match claimed {
                Ok(Some(claim)) => {
                    let (worker, shutdown) = (self.clone(), shutdown.clone());
                    let wake = Arc::clone(wake);
                    runs.spawn(async move {
                        worker.one(claim, &shutdown).await;
                        drop(permit);
                        wake.notify_one();
                    });
                }
                Ok(None) => {
                    drop(permit);
                    let poll = self.settings.poll.unsigned_abs();
                    tokio::select! {
                        () = wake.notified() => {}
                        () = pause(poll, shutdown) => {}
                    }
                }
                Err(error) => {
                    drop(permit);
                    tracing::warn!(%error, "the run ledger cannot be reached now");
                    pause(after(&error), shutdown).await;
                }
            }
            while runs.try_join_next().is_some() {}
        }
        let drained =
            tokio::time::timeout(DRAIN, async { while runs.join_next().await.is_some() {} });
        if drained.await.is_err() {
            tracing::warn!("runs were cut off by the shutdown; their leases run out");
        }
    }

    async fn claim(&self) -> Result<Option<super::Claim>> {
        let request = ClaimRequest {
            worker: self.settings.worker.clone(),
            lease: self.settings.lease,
            max_attempts: self.settings.max_attempts,
        };
        self.lake.ledger.claim(&request, Timestamp::now()).await
    }

    async fn one(&self, claim: super::Claim, shutdown: &CancellationToken) {
        let id = claim.run.id;
        let progress = Arc::new(Progress::default());
        match attempt(&self.lake, claim, &self.settings, shutdown, &progress).await {
            Ok(run) => tracing::info!(run = %id, status = %run.status, "attempt ended"),
            Err(error) if error.kind() == ErrorKind::Conflict => {
                self.health.lease_lost();
                tracing::warn!(run = %id, "the claim ran out; another worker goes on");
            }
            Err(error) => {
                tracing::warn!(run = %id, %error, "the end could not be recorded; the lease runs out");
            }
        }
    }

    async fn deliver_notifications(&self, shutdown: &CancellationToken) {
        while !shutdown.is_cancelled() {
            let delivered = tokio::select! {
                // What was taken and not delivered is due again after a while.
                () = shutdown.cancelled() => return,
                delivered = deliver_due(self.lake.outbox.as_ref(), &self.notifiers) => delivered,
            };
            match delivered {
                Ok(0) => pause(self.settings.poll.unsigned_abs(), shutdown).await,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "the outbox cannot be read now");
                    pause(after(&error), shutdown).await;
                }
            }
        }
    }

    async fn clean_up_regularly(&self, shutdown: &CancellationToken) {
        while !shutdown.is_cancelled() {
            let cleaned = tokio::select! {
                () = shutdown.cancelled() => return,
                cleaned = clean_up(&self.lake, &self.settings, Timestamp::now()) => cleaned,
            };
            if let Err(error) = cleaned {
                tracing::warn!(%error, "clean-up did not finish");
            }
            pause(CLEAN_UP_EVERY, shutdown).await;
        }
    }
}

fn after(error: &Error) -> Duration {
    if error.kind() == ErrorKind::NotFound { UNTIL_MADE } else { PAUSE }
}

/// A while after the shutdown.
async fn late(shutdown: &CancellationToken) {
    shutdown.cancelled().await;
    tokio::time::sleep(LAST_ANSWER).await;
}

async fn pause(duration: Duration, shutdown: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(duration) => {}
        () = shutdown.cancelled() => {}
    }
}
