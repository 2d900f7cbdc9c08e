//! Notifications and retention, as they are configured.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where notifications of an environment go, and how that went lately.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Notifications {
    /// The configured targets, and those that only `sluice.toml` names.
    pub targets: Vec<NotificationTarget>,
    /// Whether `[[notifications]]` of the release that runs here say who is told.
    pub routed: bool,
    /// The latest notifications, newest first.
    pub deliveries: Vec<Delivery>,
}

/// A place that notifications go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NotificationTarget {
    /// Where, without what is secret in its address.
    pub name: String,
    /// By which name routes know it; absent: it is told everything.
    pub target: Option<String>,
    /// What it is told, a sentence for each route.
    pub told: Vec<String>,
    /// Whether the server's configuration has it: else nobody is told.
    pub configured: bool,
}

/// A notification and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Delivery {
    /// Its id, by which receivers drop repeats.
    pub id: String,
    /// What it says.
    pub subject: String,
    /// Whether it waits, was delivered, or was given up.
    pub state: DeliveryState,
    /// Attempts that failed.
    pub failed_attempts: u32,
    /// Why the last one failed.
    pub last_error: Option<String>,
    /// When the outcome was recorded.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub created_at: Timestamp,
    /// When it was delivered.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub delivered_at: Option<Timestamp>,
}

/// What became of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It is tried again.
    Waiting,
    /// All targets took it.
    Delivered,
    /// It was tried too often.
    GivenUp,
}

/// How long something is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RetentionRule {
    /// What.
    pub what: String,
    /// How long, in seconds; absent: for ever.
    pub kept_seconds: Option<u64>,
    /// What happens then, or why it is kept.
    pub note: String,
    /// The key of the configuration that sets it; absent: it cannot be set.
    pub key: Option<String>,
}

/// What is kept, and how long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Retention {
    /// The rules.
    pub rules: Vec<RetentionRule>,
}
