//! Notifications: an outbox that is filled with the outcome, and targets that it is delivered to.

mod deliver;

use async_trait::async_trait;
use domain::Result;
use domain::notification::{Notification, NotificationRoute};
use jiff::Timestamp;

pub use deliver::{MAX_ATTEMPTS, deliver_due};

/// A place that notifications go to. Delivery is at least once; a target drops repeats by id.
#[async_trait]
pub trait Notifier: Send + Sync + std::fmt::Debug {
    /// Name for logs, without secrets.
    fn name(&self) -> &str;

    /// The name by which routes ask for it. `None`: it is told everything.
    fn target(&self) -> Option<&str> {
        None
    }

    /// Delivers one notification; returns when the target has it.
    async fn deliver(&self, notification: &Notification) -> Result<()>;
}

/// A notification that waits for delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// What to deliver.
    pub notification: Notification,
    /// Deliveries tried before this one.
    pub attempts: u32,
}

/// A notification and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: String,
    /// What it says.
    pub subject: String,
    /// When the outcome was recorded.
    pub created_at: Timestamp,
    /// Attempts that failed.
    pub failed_attempts: u32,
    /// Whether it waits, was delivered or was given up.
    pub state: DeliveryState,
    /// Why the last failed attempt failed.
    pub last_error: Option<String>,
    /// When it was delivered.
    pub delivered_at: Option<Timestamp>,
}

/// What became of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeliveryState {
    /// It is tried again.
    Waiting,
    /// All targets took it.
    Delivered,
    /// It was tried too often.
    GivenUp,
}

/// The outbox of one environment, and who is told of what is in it. It is filled by
/// [`crate::run::RunLedger`], in the same transaction as the outcome.
#[async_trait]
pub trait Outbox: Send + Sync + std::fmt::Debug {
    /// Takes up to `limit` notifications that are due, oldest first, and hides them from other
    /// callers until `hidden_until`.
    async fn take_due(
        &self,
        now: Timestamp,
        hidden_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Pending>>;

    /// Records that a notification was delivered.
    async fn delivered(&self, id: &str, at: Timestamp) -> Result<()>;

    /// Records that a delivery failed: due again at `retry_at`, or given up when `None`.
    async fn failed(&self, id: &str, error: &str, retry_at: Option<Timestamp>) -> Result<()>;

    /// The latest notifications, newest first, with what became of them.
    async fn recent(&self, limit: usize) -> Result<Vec<Delivery>>;

    /// Who is told what in this environment. `None`: nobody said.
    async fn routes(&self) -> Result<Option<Vec<NotificationRoute>>>;

    /// Says who is told what from now on, in place of what was said before.
    async fn set_routes(&self, routes: Option<&[NotificationRoute]>) -> Result<()>;
}
