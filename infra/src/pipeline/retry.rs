//! Going on from a stage, as a new attempt of the same execution.

use domain::Result;
use domain::pipeline::{ExecutionStatus, Stage};
use jiff::Timestamp;

use super::Job;
use super::job::is_done;

impl Job {
    /// Queues an execution that ended, from a stage on; all stages before it must be done. What was
    /// approved is void, and change sets are executed once: from approval and from deploy it goes on
    /// with a new plan. [`domain::ErrorKind::Conflict`] when its status or an earlier stage forbids it.
    pub fn retry(&mut self, from: Stage, now: Timestamp) -> Result<()> {
        use ExecutionStatus::{Cancelled, Expired, Failed, Rejected};
        let status = self.execution.status;
        if !matches!(status, Cancelled | Expired | Failed | Rejected) {
            return Err(self.refused(&format!(
                "it is {status}: only FAILED, CANCELLED, EXPIRED and REJECTED ones are retried"
            )));
        }
        let from = if matches!(from, Stage::Approval | Stage::Deploy) { Stage::Plan } else { from };
        let earlier = |stage: Stage| stage < from;
        let open =
            self.execution.stages.iter().find(|one| earlier(one.stage) && !is_done(one.status));
        if let Some(open) = open {
            return Err(self.refused(&format!(
                "stage {} is not done: retry from it, not from {from}",
                open.stage
            )));
        }
        self.reset_from(from);
        self.execution.attempt += 1;
        self.execution.cancel_requested = false;
        self.execution.ended_at = None;
        self.claims = 0;
        self.replans = 0;
        self.queue(now);
        Ok(())
    }
}
