//! What is told to people and systems when an execution ends or waits for them.

use domain::notification::{Notification, NotifiedEvent};
use domain::pipeline::{Cause, ExecutionStatus};
use jiff::Timestamp;

use super::Job;
use crate::approval::Reminder;

impl Job {
    /// What is to be told about where it stands, once: its id is the same as long as it stays there.
    /// `None` while it is QUEUED or RUNNING, and when a newer one took its place, which is told of
    /// itself.
    pub fn notification(&self) -> Option<Notification> {
        use NotifiedEvent::{
            ApprovalExpired, ApprovalNeeded, Deployed, DeploymentFailed, DeploymentRejected,
            RolledBack,
        };
        let execution = &self.execution;
        let ended = execution.ended_at;
        let (outcome, event, at) = match execution.status {
            ExecutionStatus::AwaitingApproval => {
                ("waits for approval", Some(ApprovalNeeded), self.asked_at)
            }
            ExecutionStatus::Succeeded => match execution.cause {
                Cause::Rollback { .. } => ("rolled back", Some(RolledBack), ended),
                _ => ("succeeded", Some(Deployed), ended),
            },
            ExecutionStatus::Failed => ("FAILED", Some(DeploymentFailed), ended),
            ExecutionStatus::Rejected => ("was rejected", Some(DeploymentRejected), ended),
            ExecutionStatus::Expired => ("expired", Some(ApprovalExpired), ended),
            ExecutionStatus::Cancelled => ("was cancelled", None, ended),
            ExecutionStatus::Queued | ExecutionStatus::Running | ExecutionStatus::Superseded => {
                return None;
            }
        };
        Some(self.told(outcome, event, "", at?))
    }

    /// What people are reminded of now. Its id is that of the reminder: noted in one transaction with
    /// [`Job::reminded`], it is told once, however many workers look.
    pub fn reminder(&self, reminder: Reminder, now: Timestamp) -> Notification {
        let (outcome, event) = match reminder {
            Reminder::Waits => ("still waits for approval", NotifiedEvent::ApprovalNeeded),
            Reminder::LastCall => {
                ("waits for approval and expires soon", NotifiedEvent::ApprovalExpiring)
            }
        };
        self.told(outcome, Some(event), "-reminder", now)
    }

    fn told(
        &self,
        outcome: &str,
        event: Option<NotifiedEvent>,
        kind: &str,
        at: Timestamp,
    ) -> Notification {
        let execution = &self.execution;
        let (place, branch, commit) =
            (&execution.environment, &execution.branch, execution.commit.short());
        Notification {
            id: format!("{}{kind}-{}", execution.id, at.as_microsecond()),
            subject: format!("[{place}] pipeline of {branch} {outcome}: {commit}"),
            event,
            source_system: None,
            body: serde_json::to_value(execution).unwrap_or_default(),
            created_at: at,
        }
    }
}
