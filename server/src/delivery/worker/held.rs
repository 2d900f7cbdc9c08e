//! An execution under its claim: every write names the fencing token.

use std::time::Duration;

use domain::pipeline::{Execution, Stage, StageLine};
use domain::run_log::LogLevel;
use domain::{Error, Result};
use infra::pipeline::{Claim, Heartbeat, Job};
use jiff::{SignedDuration, Timestamp};

use crate::delivery::Delivery;
use crate::delivery::stages::deploy::Say;

/// An execution that this worker holds.
#[derive(Debug)]
pub(super) struct Held<'a> {
    delivery: &'a Delivery,
    pub(super) claim: Claim,
}

impl<'a> Held<'a> {
    pub(super) fn new(delivery: &'a Delivery, claim: Claim) -> Self {
        Self { delivery, claim }
    }

    /// The execution as it is now.
    pub(super) async fn execution(&self) -> Result<Execution> {
        let id = self.claim.execution.id;
        let found = self.delivery.pipelines.execution(id).await?;
        found.ok_or_else(|| Error::internal(format!("execution {id} is gone")))
    }

    /// Changes it as a rule says.
    pub(super) async fn write(&self, change: impl Fn(&mut Job) -> Result<()>) -> Result<Execution> {
        self.delivery.pipelines.write(&self.claim, Timestamp::now(), change).await
    }

    /// Prolongs the claim right before something that nobody can take back: a worker that hung past
    /// its lease stops here, because another one may have gone on (B4).
    pub(super) async fn make_sure(&self) -> Result<()> {
        self.prolong().await.map(drop)
    }

    async fn prolong(&self) -> Result<Heartbeat> {
        let lease = SignedDuration::from_secs(self.lease_seconds().cast_signed());
        self.delivery.pipelines.heartbeat(&self.claim, Timestamp::now() + lease).await
    }

    fn lease_seconds(&self) -> u64 {
        self.delivery.config.lease_seconds
    }

    /// Ends a stage.
    pub(super) async fn end(&self, stage: Stage, note: &str) -> Result<()> {
        self.note(stage, LogLevel::Info, note).await?;
        self.write(|job| job.end(stage, note, Timestamp::now())).await.map(drop)
    }

    /// Gives it back to any worker at `due`.
    pub(super) async fn give_back(&self, due: Timestamp, why: Option<&str>) -> Result<()> {
        let released = self.write(|job| {
            job.release(due, why);
            Ok(())
        });
        released.await.map(drop)
    }

    /// Adds a line to the log.
    pub(super) async fn note(&self, stage: Stage, level: LogLevel, text: &str) -> Result<()> {
        let attempt = self.claim.execution.attempt;
        let line = StageLine::new(Timestamp::now(), level, stage, attempt, text);
        self.delivery.pipelines.append(self.claim.execution.id, &[line]).await
    }

    /// A voice of a stage.
    pub(super) fn voice(&self, stage: Stage) -> Voice<'_> {
        Voice { held: self, stage }
    }

    /// Prolongs the lease until the claim is void; returns why. What is unavailable now is tried
    /// again: the lease itself says when it is too late.
    pub(super) async fn keep(&self) -> Error {
        let every = Duration::from_millis((self.lease_seconds() * 1_000 / 3).max(300));
        loop {
            tokio::time::sleep(every).await;
            match self.prolong().await {
                Ok(_) => {}
                Err(error) if error.kind().is_transient() => {}
                Err(error) => return error,
            }
        }
    }
}

/// What a stage says goes to the log of its execution.
#[derive(Debug, Clone, Copy)]
pub(super) struct Voice<'a> {
    held: &'a Held<'a>,
    stage: Stage,
}

impl Say for Voice<'_> {
    async fn say(&self, line: String) -> Result<()> {
        self.held.note(self.stage, LogLevel::Info, &line).await
    }
}
