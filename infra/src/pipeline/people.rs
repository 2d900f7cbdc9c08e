//! What people, newer pushes and the clock do to an execution.

use domain::branch::Person;
use domain::pipeline::{Cause, ExecutionId, ExecutionStatus, Stage, StageStatus};
use domain::release::Digest;
use domain::{Error, Result};
use jiff::Timestamp;

use super::Job;

impl Job {
    /// Cancels it: at once while it waits, else as soon as its worker is between two steps.
    /// [`domain::ErrorKind::Conflict`] when it ended.
    pub fn cancel(&mut self, now: Timestamp) -> Result<()> {
        if self.execution.status.is_terminal() {
            return Err(self.refused(&format!(
                "it is {} already: there is nothing to cancel",
                self.execution.status
            )));
        }
        self.execution.cancel_requested = true;
        if self.is_waiting() {
            self.stop("cancelled while it waited", now);
        }
        Ok(())
    }

    /// A newer execution of its environment takes its place. [`domain::ErrorKind::Conflict`] when it
    /// does not wait.
    pub fn supersede(&mut self, by: ExecutionId, now: Timestamp) -> Result<()> {
        if !self.is_waiting() {
            return Err(self.refused(&format!("it is {} and goes on", self.execution.status)));
        }
        self.execution.superseded_by = Some(by);
        self.end_as(ExecutionStatus::Superseded, now);
        Ok(())
    }

    /// The poll has found a push before its webhook came, which names who pushed: they cannot approve
    /// it then (C3), and an approval that they gave counts no more. Whether that was not known.
    pub fn found_by_poll(&mut self, pusher: Option<&Person>) -> bool {
        let execution = &mut self.execution;
        let open = !execution.status.is_terminal() && !execution.deploy_begun();
        let unknown = execution.cause == Cause::Poll && execution.requested_by.is_none();
        let (true, true, Some(pusher)) = (open, unknown, pusher) else { return false };
        execution.requested_by = Some(pusher.clone());
        true
    }

    /// Refuses a decision when people are not asked, or not about this digest (C2).
    pub fn check_asked(&self, digest: &Digest) -> Result<()> {
        let execution = &self.execution;
        if execution.status != ExecutionStatus::AwaitingApproval {
            let because = match &execution.superseded_by {
                Some(newer) => format!("by execution {newer}: decide on that one's plan"),
                None => "there is nothing to decide".to_owned(),
            };
            return Err(self.refused(&format!("it is {}, {because}", execution.status)));
        }
        match &execution.plan {
            Some(plan) if plan == digest => Ok(()),
            Some(plan) => Err(self.refused(&format!(
                "its plan is {} now, not {}: look at it again",
                plan.short(),
                digest.short()
            ))),
            None => Err(Error::internal("people are asked without a plan")),
        }
    }

    /// Enough people approved: QUEUED, to be deployed.
    pub fn approve(&mut self, digest: &Digest, note: &str, now: Timestamp) -> Result<()> {
        self.check_asked(digest)?;
        self.approved = Some(digest.clone());
        self.close_stage(StageStatus::Succeeded, note.to_owned(), now);
        self.claims = 0;
        self.queue(now);
        Ok(())
    }

    /// Somebody said no: REJECTED.
    pub fn reject(
        &mut self,
        digest: &Digest,
        by: &Person,
        why: &str,
        now: Timestamp,
    ) -> Result<()> {
        self.check_asked(digest)?;
        self.close_stage(StageStatus::Failed, format!("{} rejected it: {why}", by.login), now);
        self.end_as(ExecutionStatus::Rejected, now);
        Ok(())
    }

    /// Nobody decided in time, or what was approved was not begun in time. Returns whether that is
    /// so now.
    pub fn expire(&mut self, now: Timestamp) -> bool {
        let due = self.execution.expires_at.is_some_and(|expiry| expiry <= now);
        let decidable = self.execution.status == ExecutionStatus::AwaitingApproval
            || (self.execution.status == ExecutionStatus::Queued && self.approved.is_some());
        let expires = due && decidable && !self.execution.deploy_begun();
        if expires {
            self.lapse(now);
        }
        expires
    }

    /// Ends a RUNNING execution whose approval expired before it could deploy.
    pub fn expired(&mut self, now: Timestamp) -> Result<()> {
        if self.execution.deploy_begun() {
            return Err(self.refused("it has begun to deploy: go on"));
        }
        self.lapse(now);
        Ok(())
    }

    /// Notes that people were reminded.
    pub fn reminded(&mut self, now: Timestamp) {
        self.reminded_at = Some(now);
    }

    fn lapse(&mut self, now: Timestamp) {
        let note = "it expired: retry it to have a new plan";
        if let Ok(record) = self.record(Stage::Approval) {
            record.status = StageStatus::Failed;
            record.ended_at = Some(now);
            record.note = Some(note.to_owned());
        }
        self.approved = None;
        self.end_as(ExecutionStatus::Expired, now);
    }
}
