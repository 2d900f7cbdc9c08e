//! The environments side by side, in the order in which releases move.

use domain::environment::EnvironmentName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ExecutionSummary;
use crate::api::moment;

/// All environments that the caller may see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Lanes {
    /// In the order of promotion.
    pub lanes: Vec<Lane>,
    /// How to clone the lake repository, when people can reach it.
    pub repository: Option<String>,
    /// Whether stacks are simulated: nothing is made in any account.
    pub simulated: bool,
}

/// One environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Lane {
    /// Its name.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub environment: EnvironmentName,
    /// The branch that is delivered there.
    pub branch: String,
    /// The account, 12 digits.
    pub account: String,
    /// The region.
    pub region: String,
    /// What runs there; `None` before the first deployment.
    pub running: Option<Running>,
    /// The head of the branch, if it is not what runs.
    pub head: Option<CommitShown>,
    /// The execution that is under way or waits; else the last one.
    pub execution: Option<ExecutionSummary>,
    /// What the environment before has that this one has not; `None` for the first environment.
    pub offer: Option<Offer>,
    /// Promotion into this environment was stopped by a rollback.
    pub paused: Option<Paused>,
    /// Why nothing is deployed there now, as "frozen until …".
    pub frozen: Option<String>,
    /// Resources that are not as their stacks made them; `None` when nobody knows.
    pub drifted: Option<u64>,
}

impl Lane {
    /// What could be promoted into this environment; `None` when it runs here already.
    pub fn offered(&self) -> Option<&Offer> {
        let running = self.running.as_ref().map(|running| &running.release);
        self.offer.as_ref().filter(|offer| running != Some(&offer.release))
    }
}

/// What runs in an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Running {
    /// The release: the digest that names it.
    pub release: String,
    /// The commit it was deployed from.
    pub commit: CommitShown,
    /// Since when.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    #[serde(deserialize_with = "moment::read")]
    pub since: Timestamp,
}

/// A commit as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct CommitShown {
    /// All digits of its id.
    pub id: String,
    /// The first line of its message.
    pub summary: String,
    /// Who wrote it.
    pub author: String,
    /// When.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    #[serde(deserialize_with = "moment::read")]
    pub at: Timestamp,
}

/// What could be promoted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Offer {
    /// From which environment.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub from: EnvironmentName,
    /// The release that runs there.
    pub release: String,
    /// The commits between what runs there and here, the newest first, at most 20.
    pub commits: Vec<CommitShown>,
    /// How many there are in all.
    pub ahead: u64,
    /// Why it cannot be promoted now; `None`: it can.
    pub refused: Option<String>,
}

/// Who stopped promotion, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Paused {
    /// Their login.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    #[serde(deserialize_with = "moment::read")]
    pub at: Timestamp,
}

/// Asks to promote what runs in the environment before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Promote {
    /// The release that the caller saw there: another one is not promoted by accident.
    pub release: String,
}
