//! Notifications and retention, as they are configured.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where notifications of an environment go, and how that went lately.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Notifications {
    /// The configured targets, without what is secret in their addresses.
    pub targets: Vec<String>,
    /// The latest notifications, newest first.
    pub deliveries: Vec<Delivery>,
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
