//! Pipelines: what may happen to an execution, as rules over plain values.

mod deployment;
mod job;
mod log;
mod notification;
mod people;
mod retry;
#[cfg(test)]
mod tests;
mod work;

use domain::branch::{BranchName, CommitId, Person};
use domain::environment::EnvironmentName;
use domain::pipeline::{Cause, Execution, ExecutionId};
use domain::release::Digest;
use jiff::{SignedDuration, Timestamp};

pub use job::Job;
pub use log::numbered;

/// An execution that somebody or something asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewExecution {
    /// The pipeline.
    pub environment: EnvironmentName,
    /// The branch it delivers.
    pub branch: BranchName,
    /// The exact commit.
    pub commit: CommitId,
    /// What started it.
    pub cause: Cause,
    /// Who pushed or asked.
    pub requested_by: Option<Person>,
    /// The release that moves on or comes back; `None` when the commit is to be built.
    pub release: Option<Digest>,
}

/// What names a push, however often it is told of (C16).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PushKey {
    /// The repository, as `owner/name`, or its path in embedded mode.
    pub repository: String,
    /// The whole name, as `refs/heads/main`.
    pub reference: String,
    /// Where the branch stands after the push.
    pub after: CommitId,
}

/// What a worker asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRequest {
    /// Its name.
    pub worker: String,
    /// How long the claim holds without a heartbeat.
    pub lease: SignedDuration,
    /// An execution that was claimed so often without getting on is failed instead.
    pub max_claims: u32,
}

/// The right to work on an execution, until somebody has a later one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The execution, as it was when it was claimed.
    pub execution: Execution,
    /// The fencing token; every write names it.
    pub fence: i64,
}

/// What a heartbeat answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heartbeat {
    /// Go on.
    Held,
    /// Somebody asked to stop: do so before the next step.
    CancelRequested,
}

/// Where an execution stands after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionChange {
    /// The execution.
    pub execution: ExecutionId,
    /// Its environment.
    pub environment: EnvironmentName,
    /// Its status now.
    pub status: domain::pipeline::ExecutionStatus,
    /// When it was last written, by the clock of whoever did.
    pub changed_at: Timestamp,
}
