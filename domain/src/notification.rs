//! Notifications: what is told to people and systems when a run ends.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::run::{Run, RunStatus};

/// A message in the outbox. Delivered at least once; receivers drop repeats by `id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Stable over repeated deliveries: the run's id and when it ended. Not the attempt: a retry
    /// counts attempts anew, and its outcome must not look like a repeat.
    pub id: String,
    /// One line that says the outcome.
    pub subject: String,
    /// The run as JSON.
    pub body: serde_json::Value,
    /// When the outcome was recorded.
    pub created_at: Timestamp,
}

impl Notification {
    /// The notification that a run ended. The subject always says what the status says.
    pub fn of_run(run: &Run, at: Timestamp) -> Self {
        let outcome = match run.status {
            RunStatus::Succeeded => "succeeded",
            RunStatus::Failed => "FAILED",
            RunStatus::Cancelled => "was cancelled",
            RunStatus::Superseded => "was superseded",
            RunStatus::Duplicate => "is a duplicate",
            RunStatus::Held => "is held",
            RunStatus::Queued | RunStatus::Running => "goes on",
        };
        let subject =
            format!("[{}] {} {outcome}: {}", run.environment, run.dataset, run.arrival.key);
        Self {
            id: format!("{}-{}", run.id, at.as_microsecond()),
            subject,
            body: serde_json::to_value(run).unwrap_or_default(),
            created_at: at,
        }
    }
}
