//! Plans: what a release would change in one environment. A plan is data; carrying it out makes no
//! choices.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::branch::{Author, CommitId, Person};
use crate::dataset::DatasetId;
use crate::environment::EnvironmentName;
use crate::pipeline::ExecutionId;
use crate::quality::{QualityRules, RuleDifference};
use crate::release::Digest;
use crate::stack::{DriftedResource, PermissionChange, ResourceChange};
use crate::table::TableName;
use crate::{Error, Result};

/// Identifies a plan; a UUIDv7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlanId(Uuid);

impl PlanId {
    /// A new id.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl fmt::Display for PlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.hyphenated())
    }
}

impl FromStr for PlanId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Uuid::parse_str(text).map(Self).map_err(|_| {
            Error::invalid(format!("{text:?} is no plan id: copy one from `sluice plan show`"))
        })
    }
}

impl TryFrom<String> for PlanId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<PlanId> for String {
    fn from(id: PlanId) -> Self {
        id.to_string()
    }
}

/// What a release would change in one environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// The execution that made it.
    pub execution: ExecutionId,
    /// Where.
    pub environment: EnvironmentName,
    /// The account behind the environment, 12 digits.
    pub account: String,
    /// The region, as `eu-central-1`.
    pub region: String,
    /// The exact commit.
    pub commit: CommitId,
    /// The release.
    pub release: Digest,
    /// The release that runs there now; `None` before the first.
    pub baseline: Option<Digest>,
    /// Who pushed, promoted or asked for it; `None` for a push nobody signed in made.
    pub requested_by: Option<Person>,
    /// Who wrote the commits between the baseline and this one.
    pub authors: Vec<Author>,
    /// What the templates are given, by name.
    pub parameters: BTreeMap<String, String>,
    /// In the order in which they are carried out.
    pub stacks: Vec<StackPlan>,
    /// Sources that change, by dataset.
    pub sources: Vec<TextChange>,
    /// Transformations that change, by dataset.
    pub transformations: Vec<TextChange>,
    /// Tables whose quality rules change, by name. Plans of earlier versions have none.
    #[serde(default)]
    pub quality: Vec<RulesChange>,
    /// Changed SQL over the target's own data.
    pub rehearsals: Vec<Rehearsal>,
    /// When it was made.
    pub made_at: Timestamp,
}

impl Plan {
    /// Whether carrying it out would change nothing.
    pub fn is_empty(&self) -> bool {
        let idle = |stack: &StackPlan| stack.change_set.is_none() && stack.changes.is_empty();
        self.stacks.iter().all(idle)
            && self.sources.is_empty()
            && self.transformations.is_empty()
            && self.quality.is_empty()
    }

    /// Permissions that widen, with the stack they belong to.
    pub fn widened(&self) -> impl Iterator<Item = (&StackPlan, &PermissionChange)> {
        self.stacks.iter().flat_map(|stack| {
            let widened = stack.permissions.iter().filter(|change| change.widened);
            widened.map(move |change| (stack, change))
        })
    }

    /// Resources whose data may be lost: their names have to be typed.
    pub fn endangered(&self) -> impl Iterator<Item = (&StackPlan, &ResourceChange)> {
        self.stacks.iter().flat_map(|stack| {
            let endangered = stack.changes.iter().filter(|change| change.endangers_data());
            endangered.map(move |change| (stack, change))
        })
    }
}

/// What would happen to one stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StackPlan {
    /// The name of the stack, as `DevDataLakeEtlStorage`.
    pub stack: String,
    /// Of the template's text.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub template: Digest,
    /// The ARN of the change set that was prepared. `None`: nothing would change; or, if there are
    /// changes, the stack imports what an earlier one of this plan has yet to export. Then its change
    /// set is prepared during the deployment, and executed only if it says the same as this plan.
    pub change_set: Option<String>,
    /// Its resources that differ, the gravest first.
    pub changes: Vec<ResourceChange>,
    /// Who may do more or less.
    pub permissions: Vec<PermissionChange>,
    /// What is not as the stack made it.
    pub drift: Vec<DriftedResource>,
}

/// A file that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TextChange {
    /// Whose source or transformation it is.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub dataset: DatasetId,
    /// The version that runs in the environment now; `None`: it is new there.
    pub version: Option<u64>,
    /// The text that runs now.
    pub before: Option<String>,
    /// The text that would run; `None`: it is taken away.
    pub after: Option<String>,
}

/// The quality rules of a table that change, all of them at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesChange {
    /// The table.
    pub table: TableName,
    /// The version that holds in the environment now; `None`: it never had any.
    pub version: Option<u64>,
    /// The rules that hold now.
    pub before: Option<QualityRules>,
    /// The rules that would hold; `None`: the release that runs has some, and this one none any more.
    pub after: Option<QualityRules>,
}

impl RulesChange {
    /// What becomes of each rule, in words.
    pub fn differences(&self) -> Vec<RuleDifference> {
        let none = QualityRules::default();
        let (before, after) = (self.before.as_ref(), self.after.as_ref());
        after.unwrap_or(&none).differences(before.unwrap_or(&none))
    }
}

/// Old and new SQL of a transformation over the same sample of the target's conformed data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rehearsal {
    /// Whose transformation.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub dataset: DatasetId,
    /// What came of it.
    pub outcome: RehearsalOutcome,
}

/// What a rehearsal came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RehearsalOutcome {
    /// Both ran.
    Compared {
        /// Partitions of the sample, as `2020-08-05`.
        partitions: Vec<String>,
        /// Rows only the new SQL gives.
        added: u64,
        /// Rows only the old SQL gives.
        removed: u64,
        /// Rows of one key with other values.
        changed: u64,
        /// Rows both give.
        same: u64,
        /// Columns that differ, in the order of the new SQL.
        columns: Vec<ColumnDifference>,
    },
    /// It could not be done, and why: no data yet, no old SQL, the new SQL fails.
    NotCompared {
        /// For people.
        reason: String,
        /// Whether the new SQL itself fails over the target's data: then it must not be deployed.
        fails: bool,
    },
}

/// How a column of the result differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ColumnDifference {
    /// Its name.
    pub column: String,
    /// Its type in the old result; `None`: it is new.
    pub before: Option<String>,
    /// Its type in the new result; `None`: it goes.
    pub after: Option<String>,
    /// Rows of one key whose value differs.
    pub changed: u64,
}
