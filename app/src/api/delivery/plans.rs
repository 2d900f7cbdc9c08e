//! The approval page: everything about one plan in one place.

use domain::approval::Verdict;
use domain::environment::EnvironmentName;
use domain::pipeline::ExecutionId;
use domain::plan::Rehearsal;
use domain::quality::RuleDifference;
use domain::stack::{DriftedResource, PermissionChange, ResourceChange};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CommitShown, ExecutionSummary};

/// A plan, what is asked of people, and what they said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct PlanShown {
    /// The execution that made it.
    pub execution: ExecutionSummary,
    /// What a decision is bound to.
    pub digest: String,
    /// Where.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub environment: EnvironmentName,
    /// The account, 12 digits.
    pub account: String,
    /// The region.
    pub region: String,
    /// The release.
    pub release: String,
    /// The release that runs now.
    pub baseline: Option<String>,
    /// The commits that would come, the newest first, at most 50.
    pub commits: Vec<CommitShown>,
    /// What `sluice.toml` says of the environment that changes, as sentences: approvals, freeze
    /// windows, notifications. The plan itself is judged by what held before.
    pub rules_change: Vec<String>,
    /// Whether it would change nothing.
    pub changes_nothing: bool,
    /// Transformations that change.
    pub transformations: Vec<SqlChange>,
    /// Sources that change, as TOML.
    pub sources: Vec<SqlChange>,
    /// Tables whose quality rules change.
    pub quality: Vec<RulesShown>,
    /// Old and new SQL over the target's own data.
    pub rehearsals: Vec<Rehearsal>,
    /// What happens to the stacks.
    pub stacks: Vec<StackShown>,
    /// Whether the stacks are simulated.
    pub simulated: bool,
    /// Resources whose data may be lost: to approve, all these names have to be typed.
    pub to_type: Vec<Named>,
    /// Where it stands.
    pub standing: Standing,
    /// What was decided on this digest.
    pub decisions: Vec<DecisionShown>,
    /// Who could approve this now, and why the others cannot.
    pub approvers: Vec<ApproverShown>,
    /// Why the caller cannot approve; empty: they can.
    pub you_cannot: Vec<String>,
    /// Whether the caller may set the rules aside, with a reason.
    pub may_break_glass: bool,
    /// When it was made.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub made_at: Timestamp,
    /// When it expires undecided.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub expires_at: Option<Timestamp>,
}

/// A resource by its names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Named {
    /// The stack.
    pub stack: String,
    /// What has to be typed.
    pub name: String,
    /// Why, as "the table is replaced: its key changes".
    pub why: String,
}

/// A file that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SqlChange {
    /// The dataset.
    pub dataset: String,
    /// The text that runs now; `None`: it is new.
    pub before: Option<String>,
    /// The text that would run; `None`: it is taken away.
    pub after: Option<String>,
}

/// The quality rules of a table that change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RulesShown {
    /// The table, as `<database>.<table>`.
    pub table: String,
    /// What becomes of each rule that does not stay as it is.
    pub rules: Vec<RuleDifference>,
}

/// A stack in a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct StackShown {
    /// Its name.
    pub name: String,
    /// The change set that would be executed; `None`: nothing changes.
    pub change_set: Option<String>,
    /// Resources, the gravest first.
    pub changes: Vec<ResourceChange>,
    /// Who may do more or less.
    pub permissions: Vec<PermissionChange>,
    /// What is not as the stack made it.
    pub drift: Vec<DriftedResource>,
}

/// What is asked of people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Standing {
    /// How many have to approve; 0: nobody.
    pub needed: u32,
    /// How many did whose word still counts.
    pub have: u32,
    /// Why people have to, as "prod asks for 1 approval".
    pub because: Vec<String>,
    /// Whether it can still be decided.
    pub open: bool,
    /// How it ended, in words, if it did.
    pub ended: Option<String>,
}

/// Somebody who might approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ApproverShown {
    /// Their login.
    pub login: String,
    /// Why they cannot; empty: they can.
    pub cannot: Vec<String>,
}

/// What somebody decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct DecisionShown {
    /// The digest they saw.
    pub plan: String,
    /// Their login.
    pub by: String,
    /// Yes or no.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// Whether rules were set aside.
    pub break_glass: bool,
    /// When.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub at: Timestamp,
}

/// A decision to make. 409 when the plan is not the one of that digest any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DecisionAsked {
    /// The digest that was seen.
    pub digest: String,
    /// Yes or no.
    pub verdict: Verdict,
    /// Why; needed to reject and to break the glass.
    #[serde(default)]
    pub reason: String,
    /// The names that were typed.
    #[serde(default)]
    pub typed: Vec<String>,
    /// Set the rules aside.
    #[serde(default)]
    pub break_glass: bool,
}

impl PlanShown {
    /// The execution's id.
    pub fn id(&self) -> ExecutionId {
        self.execution.id
    }
}
