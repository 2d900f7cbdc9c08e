//! What is told to people and systems when an execution ends or waits for them.

use domain::notification::Notification;
use domain::pipeline::ExecutionStatus;
use jiff::Timestamp;

use super::Job;

impl Job {
    /// What is to be told about where it stands, once: its id is the same as long as it stays there.
    /// `None` while it is QUEUED or RUNNING, and when a newer one took its place, which is told of
    /// itself.
    pub fn notification(&self) -> Option<Notification> {
        let execution = &self.execution;
        let (outcome, at) = match execution.status {
            ExecutionStatus::AwaitingApproval => ("waits for approval", self.asked_at),
            ExecutionStatus::Succeeded => ("succeeded", execution.ended_at),
            ExecutionStatus::Failed => ("FAILED", execution.ended_at),
            ExecutionStatus::Rejected => ("was rejected", execution.ended_at),
            ExecutionStatus::Expired => ("expired", execution.ended_at),
            ExecutionStatus::Cancelled => ("was cancelled", execution.ended_at),
            ExecutionStatus::Queued | ExecutionStatus::Running | ExecutionStatus::Superseded => {
                return None;
            }
        };
        let at: Timestamp = at?;
        let commit = execution.commit.short();
        Some(Notification {
            id: format!("{}-{}", execution.id, at.as_microsecond()),
            subject: format!(
                "[{}] pipeline of {} {outcome}: {commit}",
                execution.environment, execution.branch
            ),
            body: serde_json::to_value(execution).unwrap_or_default(),
            created_at: at,
        })
    }
}
