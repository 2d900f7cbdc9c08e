//! An execution and the work on it: claims, leases, attempts.
//!
//! Architecture invariant: the rules of pipelines are written once, here and in the modules beside,
//! on plain values. The store reads a [`Job`], calls one method and writes the result in one
//! transaction; nothing else changes an execution.

use domain::pipeline::{
    Cause, Execution, ExecutionId, ExecutionStatus, Stage, StageRecord, StageStatus,
};
use domain::plan::PlanId;
use domain::release::Digest;
use domain::{Error, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Claim, ClaimRequest, Heartbeat, NewExecution};

/// An execution, and what is known about the work on it. Stored as a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    pub(super) execution: Execution,
    /// Not to be worked on before.
    pub(super) due_at: Timestamp,
    /// Until when the present claim holds without a heartbeat; only while RUNNING.
    pub(super) lease_until: Option<Timestamp>,
    /// Counts claims; never falls.
    pub(super) fence: i64,
    pub(super) worker: Option<String>,
    /// Claims since it got on last.
    pub(super) claims: u32,
    /// Why the last worker gave it back.
    #[serde(default)]
    pub(super) given_back: Option<String>,
    /// How often it was planned anew since somebody began it.
    #[serde(default)]
    pub(super) replans: u32,
    /// The plan that people are asked about; each that is made has another id.
    pub(super) plan_id: Option<PlanId>,
    /// The digest that may be carried out, because people said so or nobody had to.
    pub(super) approved: Option<Digest>,
    pub(super) asked_at: Option<Timestamp>,
    pub(super) reminded_at: Option<Timestamp>,
}

impl Job {
    /// The job of an execution that is asked for now: QUEUED.
    pub fn new(new: &NewExecution, now: Timestamp) -> Self {
        let waiting = |stage| StageRecord {
            stage,
            status: StageStatus::Waiting,
            started_at: None,
            ended_at: None,
            note: None,
        };
        let execution = Execution {
            id: ExecutionId::generate(),
            environment: new.environment.clone(),
            branch: new.branch.clone(),
            commit: new.commit.clone(),
            cause: new.cause.clone(),
            requested_by: new.requested_by.clone(),
            status: ExecutionStatus::Queued,
            attempt: 1,
            stages: Stage::ALL.map(waiting).into(),
            step: None,
            cancel_requested: false,
            release: new.release.clone(),
            plan: None,
            expires_at: None,
            restarts: 0,
            superseded_by: None,
            created_at: now,
            ended_at: None,
        };
        Self {
            execution,
            due_at: now,
            lease_until: None,
            fence: 0,
            worker: None,
            claims: 0,
            given_back: None,
            replans: 0,
            plan_id: None,
            approved: None,
            asked_at: None,
            reminded_at: None,
        }
    }

    /// The execution.
    pub fn execution(&self) -> &Execution {
        &self.execution
    }

    /// The execution, and nothing about the work on it.
    pub fn into_execution(self) -> Execution {
        self.execution
    }

    /// When it is to be worked on.
    pub fn due_at(&self) -> Timestamp {
        self.due_at
    }

    /// Until when the present claim holds.
    pub fn lease_until(&self) -> Option<Timestamp> {
        self.lease_until
    }

    /// The plan that was made last and not thrown away.
    pub fn plan_id(&self) -> Option<PlanId> {
        self.plan_id
    }

    /// The digest that may be carried out.
    pub fn approved(&self) -> Option<&Digest> {
        self.approved.as_ref()
    }

    /// When people were asked.
    pub fn asked_at(&self) -> Option<Timestamp> {
        self.asked_at
    }

    /// When people were reminded last.
    pub fn reminded_at(&self) -> Option<Timestamp> {
        self.reminded_at
    }

    /// Whether a worker may take it: QUEUED and due, or RUNNING with a lease that ran out.
    pub fn is_claimable(&self, now: Timestamp) -> bool {
        match self.execution.status {
            ExecutionStatus::Queued => self.due_at <= now,
            ExecutionStatus::Running => self.lease_until.is_none_or(|until| until <= now),
            _ => false,
        }
    }

    /// Whether a newer execution of its environment may take its place: it waits, and has not begun
    /// to deploy.
    pub fn is_waiting(&self) -> bool {
        use ExecutionStatus::{AwaitingApproval, Queued};
        matches!(self.execution.status, Queued | AwaitingApproval) && !self.execution.deploy_begun()
    }

    /// Hands it to a worker, under a new fencing token; `None` when it was claimed too often without
    /// getting on, or somebody cancelled it: then it ended. A deployment that was begun is handed
    /// out also when it is cancelled, to be stopped between two steps.
    pub fn claim(&mut self, request: &ClaimRequest, now: Timestamp) -> Option<Claim> {
        if self.execution.cancel_requested && !self.execution.deploy_begun() {
            self.stop("cancelled before it went on", now);
            return None;
        }
        if self.claims >= request.max_claims {
            let why = match self.given_back.take() {
                Some(why) => format!("it was tried {} times: {why}", self.claims),
                None => self.lost_workers(),
            };
            self.break_off(why, now);
            return None;
        }
        self.given_back = None;
        self.execution.status = ExecutionStatus::Running;
        self.claims += 1;
        self.fence += 1;
        self.worker = Some(request.worker.clone());
        self.lease_until = Some(now + request.lease);
        Some(Claim { execution: self.execution.clone(), fence: self.fence })
    }

    /// Refuses a claim that is void: somebody else has a later one, or it is not RUNNING.
    pub fn check(&self, claim: &Claim) -> Result<()> {
        if self.execution.status == ExecutionStatus::Running && self.fence == claim.fence {
            return Ok(());
        }
        Err(Error::conflict(format!(
            "the claim on execution {} is void: it is {} under claim {}, not under claim {}; stop \
             working on it",
            self.execution.id, self.execution.status, self.fence, claim.fence
        )))
    }

    /// Prolongs the lease. [`domain::ErrorKind::Conflict`] when the claim is void.
    pub fn heartbeat(&mut self, claim: &Claim, until: Timestamp) -> Result<Heartbeat> {
        self.check(claim)?;
        self.lease_until = Some(until);
        let asked = self.execution.cancel_requested;
        Ok(if asked { Heartbeat::CancelRequested } else { Heartbeat::Held })
    }

    pub(super) fn queue(&mut self, due: Timestamp) {
        self.execution.status = ExecutionStatus::Queued;
        self.due_at = due;
        self.lease_until = None;
    }

    pub(super) fn end_as(&mut self, status: ExecutionStatus, now: Timestamp) {
        self.execution.status = status;
        self.execution.ended_at = Some(now);
        self.execution.expires_at = None;
        self.execution.step = None;
        self.lease_until = None;
    }

    /// Fails the stage that is under way or would come next, and the execution with it.
    pub(super) fn break_off(&mut self, why: String, now: Timestamp) {
        self.close_stage(StageStatus::Failed, why, now);
        self.end_as(ExecutionStatus::Failed, now);
    }

    /// Ends it as CANCELLED.
    pub(super) fn stop(&mut self, why: &str, now: Timestamp) {
        self.close_stage(StageStatus::Failed, why.to_owned(), now);
        self.end_as(ExecutionStatus::Cancelled, now);
    }

    pub(super) fn close_stage(&mut self, status: StageStatus, note: String, now: Timestamp) {
        let open = |record: &&mut StageRecord| !is_done(record.status);
        if let Some(record) = self.execution.stages.iter_mut().find(open) {
            record.status = status;
            record.ended_at = Some(now);
            record.note = Some(note);
        }
    }

    /// Whether its release was given from the start: a promotion and a rollback build nothing.
    pub(super) fn has_given_release(&self) -> bool {
        matches!(self.execution.cause, Cause::Promotion { .. } | Cause::Rollback { .. })
    }

    fn lost_workers(&self) -> String {
        let worker = self.worker.as_deref().unwrap_or("unknown");
        format!(
            "worker {worker} stopped answering, as {} before it: it was killed or ran out of memory; \
             look at the server's log, then retry",
            self.claims.saturating_sub(1)
        )
    }
}

pub(super) fn is_done(status: StageStatus) -> bool {
    matches!(status, StageStatus::Succeeded | StageStatus::Skipped)
}
