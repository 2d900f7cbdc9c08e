//! The worker of pipelines: claims executions and carries their stages out, under a lease.

mod approve;
mod build;
mod deploy;
mod held;

use std::sync::Arc;
use std::time::Duration;

use domain::pipeline::{Execution, ExecutionStatus, Stage, StageStatus};
use domain::run_log::LogLevel;
use domain::{Error, ErrorKind, Result, failpoint};
use infra::pipeline::{Claim, ClaimRequest};
use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Delivery;
use held::Held;

/// An execution that was claimed so often without getting on is failed.
const MAX_CLAIMS: u32 = 5;
/// Between two looks for work.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// Before something that is unavailable is tried again.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);
/// Before something is tried again that a service has had too much of.
const LONG_PAUSE: SignedDuration = SignedDuration::from_secs(60);
/// How long executions may take to come to a safe place when the server stops.
const DRAIN: Duration = Duration::from_secs(7);

/// What becomes of an execution after a stage.
enum Next {
    /// The next stage.
    GoOn,
    /// It waits, or ended: another claim goes on, if any.
    Leave,
}

impl Delivery {
    /// Watches branches, carries out executions and tells of them until `shutdown`.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let work = Arc::clone(&self).carry_out(&shutdown);
        tokio::join!(self.poll(&shutdown), self.tell_reviewers(&shutdown), work);
    }

    async fn carry_out(self: Arc<Self>, shutdown: &CancellationToken) {
        let request = self.claim_request();
        let mut under_way = JoinSet::new();
        while !shutdown.is_cancelled() {
            match self.pipelines.claim(&request, Timestamp::now()).await {
                Ok(Some(claim)) => {
                    let (delivery, stop) = (Arc::clone(&self), shutdown.clone());
                    under_way.spawn(async move { delivery.one(claim, &stop).await });
                    continue;
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "executions cannot be claimed now"),
            }
            while under_way.try_join_next().is_some() {}
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = shutdown.cancelled() => {}
            }
        }
        let ended = async { while under_way.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN, ended).await.is_err() {
            tracing::warn!("executions were cut off by the shutdown; their leases run out");
        }
    }

    /// Carries out executions until none is due; returns how many claims it took. For set-up and
    /// tests; a server calls [`Delivery::run`].
    pub async fn carry_out_due(self: &Arc<Self>) -> Result<u32> {
        let request = self.claim_request();
        let mut claims = 0;
        while let Some(claim) = self.pipelines.claim(&request, Timestamp::now()).await? {
            Arc::clone(self).one(claim, &CancellationToken::new()).await;
            claims += 1;
        }
        Ok(claims)
    }

    fn claim_request(&self) -> ClaimRequest {
        ClaimRequest {
            worker: format!("{}", std::process::id()),
            lease: SignedDuration::from_secs(self.config.lease_seconds.cast_signed()),
            max_claims: MAX_CLAIMS,
        }
    }

    /// Carries one execution out as far as it goes.
    async fn one(self: Arc<Self>, claim: Claim, shutdown: &CancellationToken) {
        let id = claim.execution.id;
        let held = Held::new(&self, claim);
        let outcome = tokio::select! {
            outcome = Box::pin(self.stages(&held)) => outcome,
            lost = held.keep() => Err(lost),
            () = shutdown.cancelled() => held.give_back(Timestamp::now(), None).await,
        };
        if let Err(error) = outcome
            && let Err(second) = self.settle(&held, &error).await
        {
            tracing::warn!(execution = %id, %error, %second, "an execution was left to its lease");
        }
    }

    async fn stages(&self, held: &Held<'_>) -> Result<()> {
        loop {
            let execution = held.execution().await?;
            if execution.status != ExecutionStatus::Running {
                return Ok(());
            }
            let Some(stage) = next_stage(&execution) else {
                return held.write(|job| job.finish(Timestamp::now())).await.map(drop);
            };
            failpoint::reach(&format!("delivery.{stage}"))?;
            if let Next::Leave = self.stage(held, &execution, stage).await? {
                return Ok(());
            }
        }
    }

    async fn stage(&self, held: &Held<'_>, execution: &Execution, stage: Stage) -> Result<Next> {
        if stage != Stage::Approval && stage != Stage::Deploy {
            held.write(|job| job.begin(stage, Timestamp::now())).await?;
        }
        // On the heap: together they would be too much for the stack of a thread.
        match stage {
            Stage::Source => self.source(held, execution).await,
            Stage::Build => Box::pin(self.build(held, execution)).await,
            Stage::SelfMutate => self.self_mutate(held, execution).await,
            Stage::Assets => self.assets(held, execution).await,
            Stage::Plan => Box::pin(self.plan(held, execution)).await,
            Stage::Approval => self.approval(held, execution).await,
            Stage::Deploy => Box::pin(self.deploy(held, execution)).await,
            Stage::Verify => Box::pin(self.verify(held, execution)).await,
        }
    }

    /// What becomes of an execution whose stage could not be carried out.
    async fn settle(&self, held: &Held<'_>, error: &Error) -> Result<()> {
        // Whoever lost the claim has no say, and no word in the log either.
        held.make_sure().await?;
        let now = Timestamp::now();
        let stage = held.execution().await.ok().as_ref().and_then(next_stage);
        if let Some(stage) = stage {
            held.note(stage, LogLevel::Error, error.message()).await?;
        }
        match error.kind() {
            // A limit passes by itself and says nothing about the execution: it counts for nothing.
            ErrorKind::Throttled => held.give_back(now + LONG_PAUSE, None).await,
            kind if kind.is_transient() => held.give_back(now + PAUSE, Some(error.message())).await,
            ErrorKind::Cancelled => held.write(|job| job.cancelled(now)).await.map(drop),
            _ => {
                let why = error.message().to_owned();
                let failed = |job: &mut infra::pipeline::Job| {
                    job.fail(&why, now);
                    Ok(())
                };
                held.write(failed).await.map(drop)
            }
        }
    }
}

/// The first stage that is not done.
fn next_stage(execution: &Execution) -> Option<Stage> {
    let open = execution
        .stages
        .iter()
        .find(|record| !matches!(record.status, StageStatus::Succeeded | StageStatus::Skipped));
    open.map(|record| record.stage)
}
