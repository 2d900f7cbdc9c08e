//! Telling those who review a change, where they review it, what became of it: a status on its
//! commit, and its plan under its pull requests.
//!
//! Architecture invariant: a report is made from what is stored, and telling it again changes
//! nothing. So whoever tells may have been killed at any point, and tells all of it once more.

mod markdown;
#[cfg(any(test, feature = "test-support"))]
pub mod memory;
mod news;
mod status;

use std::fmt::Debug;

use async_trait::async_trait;
use domain::Result;
use domain::branch::{BranchName, CommitId};
use domain::environment::EnvironmentName;

pub use markdown::plan_markdown;
pub use news::{Archive, Told};
pub use status::commit_report;

/// How the delivery of a commit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportState {
    /// It is under way, or waits for people.
    Pending,
    /// It runs in the environment.
    Success,
    /// It was tried and does not run there.
    Failure,
    /// It ended before it was tried: cancelled, expired, overtaken.
    Error,
}

/// The state of a commit in one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitReport {
    /// Which commit.
    pub commit: CommitId,
    /// Where it is delivered to. Each environment has a report of its own.
    pub environment: EnvironmentName,
    /// How it stands.
    pub state: ReportState,
    /// The same in a sentence: one line of at most [`MOST_SUMMARY`] characters.
    pub summary: String,
    /// The page that says more.
    pub link: String,
}

/// Longest summary, in characters: what GitHub takes.
pub const MOST_SUMMARY: usize = 140;

/// The plan of a commit for one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanReport {
    /// The branch whose pull requests are told.
    pub branch: BranchName,
    /// Where it would be deployed. Each environment has a comment of its own.
    pub environment: EnvironmentName,
    /// The comment, as [`plan_markdown`] makes it.
    pub markdown: String,
}

/// Where changes are reviewed. Environments without such a place have no reporter: what would be told
/// stands in the log of the execution in any case.
///
/// Errors: NotFound for a commit that is not there; Denied when the reporter may not speak; Throttled
/// and Unavailable when it should be tried again.
#[async_trait]
pub trait ChangeReporter: Debug + Send + Sync {
    /// Says how the delivery of a commit stands. The latest report of an environment counts; the same
    /// one twice is told once.
    async fn report_commit(&self, report: &CommitReport) -> Result<()>;

    /// Puts a plan under every open pull request whose head is the branch, in place of the one that
    /// was told for this environment before. How many pull requests there are.
    async fn report_plan(&self, report: &PlanReport) -> Result<usize>;
}
