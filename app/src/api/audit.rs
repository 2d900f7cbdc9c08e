//! The audit log.

use domain::environment::EnvironmentName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// UUIDv7: sorts by time.
    pub id: String,
    /// When.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub at: Timestamp,
    /// The login of who did it, as it was then.
    pub actor: String,
    /// `session`, or `token` and its id.
    pub via: String,
    /// What was done, as `source.register`.
    pub action: String,
    /// Where; absent: to the lake as a whole.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub environment: Option<EnvironmentName>,
    /// To what.
    pub object: String,
    /// How it was.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<Object>))]
    pub before: Option<Value>,
    /// How it is.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<Object>))]
    pub after: Option<Value>,
    /// The request, as in the log of the server.
    pub request_id: String,
}

/// Which entries are asked for. What is absent or empty means any.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
pub struct AuditQuery {
    /// The login of who did it.
    pub actor: Option<String>,
    /// How the action begins: `source` or `source.register`.
    pub action: Option<String>,
    /// A part of the object, in any case.
    pub object: Option<String>,
    /// The environment.
    pub environment: Option<String>,
    /// From this day (UTC) or time on.
    pub from: Option<String>,
    /// Up to this day (UTC), it included, or before this time.
    pub to: Option<String>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Of an export: `csv` or `json`.
    pub format: Option<String>,
}

/// What occurs in the log, to choose from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct AuditChoices {
    /// Logins.
    pub actors: Vec<String>,
    /// Actions.
    pub actions: Vec<String>,
}
