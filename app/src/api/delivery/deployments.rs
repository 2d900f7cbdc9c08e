//! What was deployed, going back, and comparing two environments.

use domain::environment::EnvironmentName;
use domain::pipeline::{Cause, ExecutionId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::CommitShown;

/// One deployment of an environment's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct DeploymentShown {
    /// The execution that did it.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub execution: ExecutionId,
    /// The release.
    pub release: String,
    /// The commit.
    pub commit: CommitShown,
    /// What started it.
    pub cause: Cause,
    /// The login of who asked.
    pub requested_by: Option<String>,
    /// The logins of who approved.
    pub approved_by: Vec<String>,
    /// What it changed, a line each.
    pub changed: Vec<String>,
    /// Whether this runs now.
    pub current: bool,
    /// When it was done.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub at: Timestamp,
}

/// Asks to bring an earlier release back. It goes through a plan, and an approval as always.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RollbackAsked {
    /// The release.
    pub release: String,
    /// Why. It also stops promotion into the environment until somebody releases it.
    pub reason: String,
}

/// Two environments side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Compared {
    /// The one on the left.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub left: EnvironmentName,
    /// The one on the right.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub right: EnvironmentName,
    /// Transformations, by dataset.
    pub transformations: Vec<ComparedFile>,
    /// Sources, as TOML, by dataset.
    pub sources: Vec<ComparedFile>,
    /// Quality rules, as TOML, by table.
    pub quality: Vec<ComparedFile>,
    /// Schemas and row counts of tables, as text, by table.
    pub tables: Vec<ComparedFile>,
    /// Stacks: parameters, outputs and the digest of the template, as text, by stack.
    pub stacks: Vec<ComparedFile>,
}

/// One thing in both environments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ComparedFile {
    /// Its name.
    pub name: String,
    /// How both stand to each other.
    pub standing: FileStanding,
    /// On the left.
    pub left: Option<String>,
    /// On the right.
    pub right: Option<String>,
}

/// How two things stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FileStanding {
    /// Equal.
    Same,
    /// In both, and different.
    Differs,
    /// Only on the left.
    OnlyLeft,
    /// Only on the right.
    OnlyRight,
}
