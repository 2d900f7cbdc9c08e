//! What a worker does under its claim, stage by stage.

use domain::pipeline::{ExecutionStatus, Stage, StageRecord, StageStatus};
use domain::plan::PlanId;
use domain::release::Digest;
use domain::{Error, ErrorKind, Result};
use jiff::Timestamp;

use super::Job;
use super::job::is_done;
use crate::approval::Required;

/// An execution is planned anew so often at most.
const MOST_REPLANS: u32 = 20;

impl Job {
    /// Begins a stage, or goes on with it after a crash. [`ErrorKind::Cancelled`] when somebody asked
    /// to stop; [`ErrorKind::Conflict`] when an earlier stage is not done, or when the stage is
    /// deploy and the plan is not the one that was approved.
    pub fn begin(&mut self, stage: Stage, now: Timestamp) -> Result<()> {
        if self.execution.cancel_requested {
            return Err(Error::new(ErrorKind::Cancelled, "somebody cancelled this execution"));
        }
        if stage == Stage::Approval {
            return Err(self.refused("approval is asked for or waived, not begun"));
        }
        self.check_order(stage)?;
        if stage == Stage::Deploy {
            self.check_approved()?;
        }
        let record = self.record(stage)?;
        if record.status == StageStatus::Waiting {
            record.status = StageStatus::Running;
            record.started_at = Some(now);
        }
        Ok(())
    }

    /// Ends a stage that was begun. [`ErrorKind::Conflict`] when it was not, or lacks its outcome: a
    /// build its release, a plan its digest.
    pub fn end(&mut self, stage: Stage, note: &str, now: Timestamp) -> Result<()> {
        if self.record(stage)?.status != StageStatus::Running {
            return Err(self.refused(&format!("stage {stage} is not under way")));
        }
        let lacks = match stage {
            Stage::Build => self.execution.release.is_none(),
            Stage::Plan => self.execution.plan.is_none(),
            _ => false,
        };
        if lacks {
            return Err(self.refused(&format!("stage {stage} has nothing to show")));
        }
        self.execution.step = None;
        self.claims = 0;
        let record = self.record(stage)?;
        record.status = StageStatus::Succeeded;
        record.ended_at = Some(now);
        record.note = Some(note.to_owned());
        Ok(())
    }

    /// Passes over a stage that has nothing to do. Not source, plan, approval nor deploy.
    pub fn skip(&mut self, stage: Stage, note: &str, now: Timestamp) -> Result<()> {
        if matches!(stage, Stage::Source | Stage::Plan | Stage::Approval | Stage::Deploy) {
            return Err(self.refused(&format!("stage {stage} is never skipped")));
        }
        if stage == Stage::Build && self.execution.release.is_none() {
            return Err(self.refused("there is no release yet: build it"));
        }
        self.check_order(stage)?;
        self.pass(stage, note, now)
    }

    /// Says what the build came to. [`ErrorKind::Conflict`] when a promotion or rollback would become
    /// another release than it was asked for (C11).
    pub fn built(&mut self, release: Digest) -> Result<()> {
        let given = self.execution.release.as_ref();
        if let Some(given) = given.filter(|given| self.has_given_release() && **given != release) {
            return Err(self.refused(&format!(
                "it was asked for release {} and the build gives {}",
                given.short(),
                release.short()
            )));
        }
        self.execution.release = Some(release);
        Ok(())
    }

    /// Says which plan was made. Whatever was approved before is void.
    pub fn planned(&mut self, id: PlanId, digest: Digest) -> Result<()> {
        if self.record(Stage::Plan)?.status != StageStatus::Running {
            return Err(self.refused("stage plan is not under way"));
        }
        self.plan_id = Some(id);
        self.execution.plan = Some(digest);
        self.approved = None;
        Ok(())
    }

    /// Passes over the approval because nobody has to be asked.
    pub fn waive_approval(&mut self, required: &Required, now: Timestamp) -> Result<()> {
        if required.approvers > 0 {
            return Err(self.refused(&format!("people are to be asked: {}", required.because())));
        }
        self.check_order(Stage::Approval)?;
        self.pass(Stage::Approval, "nobody has to approve", now)?;
        self.approved.clone_from(&self.execution.plan);
        Ok(())
    }

    /// Gives it back until people decided: AWAITING_APPROVAL. Also after an approval that does not
    /// suffice any more.
    pub fn await_approval(
        &mut self,
        required: &Required,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        self.check_order(Stage::Approval)?;
        if self.execution.deploy_begun() || self.execution.plan.is_none() {
            return Err(self.refused("there is no plan to be decided on, or it is carried out"));
        }
        let record = self.record(Stage::Approval)?;
        record.status = StageStatus::Running;
        record.started_at = Some(now);
        record.ended_at = None;
        record.note = Some(required.because());
        self.approved = None;
        self.asked_at = Some(now);
        self.reminded_at = None;
        self.execution.expires_at = Some(expires_at);
        self.execution.status = ExecutionStatus::AwaitingApproval;
        self.lease_until = None;
        self.claims = 0;
        Ok(())
    }

    /// Says what must not be interrupted now, as the name of a stack; `None` between two of them. Who
    /// goes on with a step after a crash comes to its end, also when somebody cancelled meanwhile.
    pub fn step(&mut self, step: Option<&str>) -> Result<()> {
        let under_way = |record: &StageRecord| record.status == StageStatus::Running;
        if !self.execution.stages.iter().any(under_way) {
            return Err(self.refused("no stage is under way"));
        }
        let goes_on = self.execution.step.as_deref() == step;
        if step.is_some() && !goes_on && self.execution.cancel_requested {
            return Err(Error::new(ErrorKind::Cancelled, "somebody cancelled this execution"));
        }
        if step.is_none() {
            self.claims = 0;
        }
        self.execution.step = step.map(str::to_owned);
        Ok(())
    }

    /// Begins again on the same commit, because the pipeline changed itself. Once: a definition that
    /// still differs then is a fault.
    pub fn restart(&mut self, now: Timestamp) -> Result<()> {
        if self.record(Stage::SelfMutate)?.status != StageStatus::Running {
            return Err(self.refused("stage self-mutate is not under way"));
        }
        if self.execution.restarts > 0 {
            return Err(self.refused(
                "the pipeline changed itself and differs again: look at what defines it",
            ));
        }
        self.execution.restarts += 1;
        self.reset_from(Stage::Source);
        self.claims = 0;
        self.queue(now);
        Ok(())
    }

    /// Goes back to the plan, because a change set is obsolete or missing, or a stack drifted. What
    /// was approved is void (C4). [`ErrorKind::Conflict`] when it deploys already, or went back so often
    /// that no plan would be carried out as it was made.
    pub fn replan(&mut self) -> Result<()> {
        if self.execution.deploy_begun() {
            return Err(self.refused("a part of the plan is carried out already: fail it instead"));
        }
        if self.replans >= MOST_REPLANS {
            return Err(self.refused(&format!(
                "it was planned {MOST_REPLANS} times more, and each time something had changed before it \
                 was carried out: find out who changes the stacks, then begin again from the plan"
            )));
        }
        self.replans += 1;
        self.reset_from(Stage::Plan);
        Ok(())
    }

    /// Gives it back until a freeze window ends.
    pub fn hold(&mut self, until: Timestamp) -> Result<()> {
        if self.execution.deploy_begun() {
            return Err(self.refused("it has begun to deploy: go on"));
        }
        self.claims = 0;
        self.queue(until);
        Ok(())
    }

    /// Gives it back to any worker at `due`: this one stops, or what it needs is not there now.
    /// With a reason the claim counts: whoever reads why it failed in the end is told it.
    pub fn release(&mut self, due: Timestamp, why: Option<&str>) {
        if why.is_none() {
            self.claims = self.claims.saturating_sub(1);
        }
        self.given_back = why.map(str::to_owned);
        self.queue(due);
    }

    /// Ends it as FAILED: the stage under way, or the next one, says why.
    pub fn fail(&mut self, why: &str, now: Timestamp) {
        self.break_off(why.to_owned(), now);
    }

    /// Ends it as CANCELLED, as somebody asked. Not in the middle of a step.
    pub fn cancelled(&mut self, now: Timestamp) -> Result<()> {
        if !self.execution.cancel_requested {
            return Err(self.refused("nobody asked to cancel it"));
        }
        if let Some(step) = &self.execution.step {
            return Err(self.refused(&format!("{step} is under way: stop after it")));
        }
        self.stop("somebody cancelled it", now);
        Ok(())
    }

    /// Ends it as SUCCEEDED: all stages are done.
    pub fn finish(&mut self, now: Timestamp) -> Result<()> {
        if let Some(open) = self.execution.stages.iter().find(|record| !is_done(record.status)) {
            let stage = open.stage;
            return Err(self.refused(&format!("stage {stage} is not done")));
        }
        self.end_as(ExecutionStatus::Succeeded, now);
        Ok(())
    }

    pub(super) fn refused(&self, why: &str) -> Error {
        Error::conflict(format!("execution {}: {why}", self.execution.id))
    }

    /// Puts a stage and all after it back to where they were before.
    pub(super) fn reset_from(&mut self, first: Stage) {
        for record in self.execution.stages.iter_mut().filter(|record| record.stage >= first) {
            let stage = record.stage;
            let status = StageStatus::Waiting;
            *record = StageRecord { stage, status, started_at: None, ended_at: None, note: None };
        }
        if first <= Stage::Build && !self.has_given_release() {
            self.execution.release = None;
        }
        if first <= Stage::Plan {
            self.execution.plan = None;
            self.plan_id = None;
        }
        self.approved = None;
        self.asked_at = None;
        self.execution.expires_at = None;
        self.execution.step = None;
    }

    pub(super) fn record(&mut self, stage: Stage) -> Result<&mut StageRecord> {
        let found = self.execution.stages.iter_mut().find(|record| record.stage == stage);
        found.ok_or_else(|| Error::internal(format!("an execution without stage {stage}")))
    }

    fn pass(&mut self, stage: Stage, note: &str, now: Timestamp) -> Result<()> {
        let record = self.record(stage)?;
        record.status = StageStatus::Skipped;
        record.ended_at = Some(now);
        record.note = Some(note.to_owned());
        self.claims = 0;
        Ok(())
    }

    /// All stages before are done, and the stage itself is not.
    fn check_order(&self, stage: Stage) -> Result<()> {
        let earlier = |record: &&StageRecord| record.stage < stage && !is_done(record.status);
        if let Some(open) = self.execution.stages.iter().find(earlier) {
            return Err(self.refused(&format!("stage {stage} comes after {}", open.stage)));
        }
        let done = self.execution.stage(stage).is_some_and(|record| is_done(record.status));
        if done && stage != Stage::Approval {
            return Err(self.refused(&format!("stage {stage} is done already")));
        }
        Ok(())
    }

    fn check_approved(&self) -> Result<()> {
        match (&self.execution.plan, &self.approved) {
            (Some(plan), Some(approved)) if plan == approved => Ok(()),
            _ => Err(self.refused("its plan is not approved: ask for approval first")),
        }
    }
}
