//! Deployments: what was carried out in an environment, and what runs there.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::branch::{CommitId, Person};
use crate::dataset::DatasetId;
use crate::environment::EnvironmentName;
use crate::pipeline::{Cause, ExecutionId};
use crate::release::Digest;

/// A plan that was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// The execution that did it.
    pub execution: ExecutionId,
    /// In which attempt of the execution.
    pub attempt: u32,
    /// Where.
    pub environment: EnvironmentName,
    /// What started the execution.
    pub cause: Cause,
    /// What runs since.
    pub release: Digest,
    /// What ran before; `None` when it was the first.
    pub replaced: Option<Digest>,
    /// The commit of the release.
    pub commit: CommitId,
    /// The digest of the plan.
    pub plan: Digest,
    /// Who pushed, promoted or asked.
    pub requested_by: Option<Person>,
    /// Who approved; empty when nobody had to.
    pub approved_by: Vec<Person>,
    /// The reason given when rules were set aside.
    pub broke_glass: Option<String>,
    /// What it changed.
    pub changed: ChangeSummary,
    /// When it was done.
    pub at: Timestamp,
}

/// What a deployment changed, in short; all of it is in its plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeSummary {
    /// Stacks whose change sets were executed.
    pub stacks: Vec<String>,
    /// Resources of those stacks that differ.
    pub resources: u64,
    /// Sources that changed.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub sources: Vec<DatasetId>,
    /// Transformations that changed.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub transformations: Vec<DatasetId>,
    /// Tables whose quality rules changed, as `<database>.<table>`.
    #[serde(default)]
    pub quality: Vec<String>,
    /// Permissions that widened.
    pub widened: u64,
}

/// What runs in an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningRelease {
    /// The release.
    pub release: Digest,
    /// Its commit.
    pub commit: CommitId,
    /// The execution that deployed it.
    pub execution: ExecutionId,
    /// Since when.
    pub since: Timestamp,
}

/// Why pushes to an environment's branch wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pause {
    /// Who rolled back; `None` when nobody who is signed in did.
    pub by: Option<Person>,
    /// Why.
    pub reason: String,
    /// Since when.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub since: Timestamp,
}

/// Where an environment stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentState {
    /// Which.
    pub environment: EnvironmentName,
    /// What runs; `None` before the first deployment.
    pub running: Option<RunningRelease>,
    /// Set by a rollback: pushes wait until somebody releases it.
    pub paused: Option<Pause>,
}
