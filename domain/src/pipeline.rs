//! Pipelines: branch -> environment delivery. An execution is one run of a pipeline at one commit.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::branch::{BranchName, CommitId, Person};
use crate::environment::EnvironmentName;
use crate::release::Digest;
use crate::run_log::{LogLevel, one_line};
use crate::{Error, Result};

/// Identifies an execution; a UUIDv7, so that ids sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ExecutionId(Uuid);

impl ExecutionId {
    /// A new id, later than all made before it on this machine.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl fmt::Display for ExecutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.hyphenated())
    }
}

impl FromStr for ExecutionId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Uuid::parse_str(text).map(Self).map_err(|_| {
            Error::invalid(format!(
                "{text:?} is no execution id: copy one from `sluice pipelines list`"
            ))
        })
    }
}

impl TryFrom<String> for ExecutionId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<ExecutionId> for String {
    fn from(id: ExecutionId) -> Self {
        id.to_string()
    }
}

/// What an execution does, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The exact commit.
    Source,
    /// Validate, test, lint; the release.
    Build,
    /// The pipeline's own definition, if it changed.
    SelfMutate,
    /// What the stacks need, by content.
    Assets,
    /// What would change, prepared and not carried out.
    Plan,
    /// People decide, if the environment or the plan asks for it.
    Approval,
    /// Exactly what was approved.
    Deploy,
    /// A query; what runs now.
    Verify,
}

impl Stage {
    /// All stages, in order.
    pub const ALL: [Self; 8] = [
        Self::Source,
        Self::Build,
        Self::SelfMutate,
        Self::Assets,
        Self::Plan,
        Self::Approval,
        Self::Deploy,
        Self::Verify,
    ];

    /// The word in paths and on screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Build => "build",
            Self::SelfMutate => "self-mutate",
            Self::Assets => "assets",
            Self::Plan => "plan",
            Self::Approval => "approval",
            Self::Deploy => "deploy",
            Self::Verify => "verify",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Stage {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            Error::invalid(format!("stage {text:?} is not known: use one of {names}"))
        })
    }
}

/// Where a stage stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StageStatus {
    /// Not begun.
    Waiting,
    /// Under way.
    Running,
    /// Done.
    Succeeded,
    /// Nothing to do: its note says why.
    Skipped,
    /// It failed: its note says why.
    Failed,
}

/// One stage of an execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StageRecord {
    /// Which.
    pub stage: Stage,
    /// Where it stands.
    pub status: StageStatus,
    /// When it was begun last.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub ended_at: Option<Timestamp>,
    /// What came of it, in a sentence.
    pub note: Option<String>,
}

/// Where an execution stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExecutionStatus {
    /// Waits for a worker, or for the one before it in its environment.
    Queued,
    /// A worker holds its lease.
    Running,
    /// Waits for people.
    AwaitingApproval,
    /// What it deployed runs.
    Succeeded,
    /// It ended early: a stage says why.
    Failed,
    /// Somebody said no.
    Rejected,
    /// Nobody decided in time.
    Expired,
    /// Somebody cancelled it.
    Cancelled,
    /// A newer push came before it was begun or decided.
    Superseded,
}

impl ExecutionStatus {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Running,
        Self::AwaitingApproval,
        Self::Succeeded,
        Self::Failed,
        Self::Rejected,
        Self::Expired,
        Self::Cancelled,
        Self::Superseded,
    ];

    /// Whether nothing more happens unless somebody asks.
    pub fn is_terminal(self) -> bool {
        !matches!(self, Self::Queued | Self::Running | Self::AwaitingApproval)
    }

    /// The name used in the database and in filters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Running => "RUNNING",
            Self::AwaitingApproval => "AWAITING_APPROVAL",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Rejected => "REJECTED",
            Self::Expired => "EXPIRED",
            Self::Cancelled => "CANCELLED",
            Self::Superseded => "SUPERSEDED",
        }
    }
}

impl fmt::Display for ExecutionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ExecutionStatus {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|own| own.as_str().eq_ignore_ascii_case(text));
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            Error::invalid(format!("execution status {text:?} is not known: use one of {names}"))
        })
    }
}

/// Most lines that are kept of an execution's log; the last one says that there were more.
pub const MOST_LINES: u64 = 5_000;

/// One line of an execution's log. Never raw rows, parameters' values or secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StageLine {
    /// Its number in the execution, from 1; 0 before it is stored.
    pub sequence: u64,
    /// When.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub at: Timestamp,
    /// How much it matters.
    pub level: LogLevel,
    /// In which stage.
    pub stage: Stage,
    /// In which attempt of the execution.
    pub attempt: u32,
    /// What happened: one line, whatever it repeats.
    pub message: String,
}

impl StageLine {
    /// A line that is not stored yet.
    pub fn new(at: Timestamp, level: LogLevel, stage: Stage, attempt: u32, message: &str) -> Self {
        Self { sequence: 0, at, level, stage, attempt, message: one_line(message) }
    }
}

/// What started an execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Cause {
    /// A webhook told of a push.
    Push,
    /// The poll found a push that no webhook told of.
    Poll,
    /// Somebody asked for it.
    Manual,
    /// The release that runs in another environment moves on.
    Promotion {
        /// From where.
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        from: EnvironmentName,
    },
    /// An earlier release comes back.
    Rollback {
        /// Why.
        reason: String,
    },
}

impl Cause {
    /// Whether nobody asked for it by name: pauses hold such executions back.
    pub fn is_automatic(&self) -> bool {
        matches!(self, Self::Push | Self::Poll)
    }
}

/// One run of a pipeline at one commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// Its id.
    pub id: ExecutionId,
    /// The pipeline: each environment has one.
    pub environment: EnvironmentName,
    /// The branch it delivers.
    pub branch: BranchName,
    /// The exact commit.
    pub commit: CommitId,
    /// What started it.
    pub cause: Cause,
    /// Who pushed or asked; `None` when nobody who is signed in did.
    pub requested_by: Option<Person>,
    /// Where it stands.
    pub status: ExecutionStatus,
    /// Counts from 1; a retry by a person begins the next.
    pub attempt: u32,
    /// All stages, in order.
    pub stages: Vec<StageRecord>,
    /// What the stage under way is in the middle of, so that it must not be stopped: a stack.
    pub step: Option<String>,
    /// Whether somebody asked to stop it, which happens between two steps.
    pub cancel_requested: bool,
    /// Its release, from the build stage on.
    pub release: Option<Digest>,
    /// The digest of its plan, from the plan stage on.
    pub plan: Option<Digest>,
    /// Until when people may decide on the plan; `None` while there is nothing to decide.
    pub expires_at: Option<Timestamp>,
    /// How often the pipeline changed itself and began again: at most once.
    pub restarts: u32,
    /// The execution that took its place.
    pub superseded_by: Option<ExecutionId>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

impl Execution {
    /// The record of a stage.
    pub fn stage(&self, stage: Stage) -> Option<&StageRecord> {
        self.stages.iter().find(|record| record.stage == stage)
    }

    /// Whether the deploy stage was begun in this attempt: from then on it is not superseded.
    pub fn deploy_begun(&self) -> bool {
        self.stage(Stage::Deploy).is_some_and(|record| record.status != StageStatus::Waiting)
    }
}
