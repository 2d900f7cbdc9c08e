//! People, their roles and their sessions.

use domain::access::{Grant, Role};
use domain::environment::EnvironmentName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A person who may sign in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Member {
    /// Our id.
    pub id: String,
    /// The provider's name for them.
    pub login: String,
    /// Their full name, if known.
    pub name: Option<String>,
    /// When they signed in last.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub signed_in_at: Option<Timestamp>,
    /// Their roles.
    pub roles: Vec<MemberRole>,
    /// Their sessions, the one used last first.
    pub sessions: Vec<MemberSession>,
}

/// A role that somebody holds, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct MemberRole {
    /// The role.
    pub role: Role,
    /// Where; everywhere when absent.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub environment: Option<EnvironmentName>,
    /// Whether a team gives it; else somebody gave it by hand and it can be taken away.
    pub by_team: bool,
    /// Who gave it.
    pub granted_by: String,
    /// When.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub granted_at: Timestamp,
    /// When it lapses, unless they sign in again.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub valid_until: Option<Timestamp>,
}

impl MemberRole {
    /// Role and place alone.
    pub fn grant(&self) -> Grant {
        Grant { role: self.role, environment: self.environment.clone() }
    }
}

/// A session of a browser.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct MemberSession {
    /// When it was started.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub created_at: Timestamp,
    /// When it was used last, within a minute.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub seen_at: Timestamp,
    /// When it ends at the latest.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub expires_at: Timestamp,
}

/// How many sessions were ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct EndedSessions {
    /// How many.
    pub ended: u64,
}
