//! Approvals: the rules of an environment, and decisions on one plan digest.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::branch::Person;
use crate::release::Digest;

/// What an environment asks for before a plan is carried out there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ApprovalRule {
    /// How many people have to approve. With 0, only plans that widen permissions or endanger data
    /// pause, and then one has to.
    pub approvers: u32,
    /// GitHub teams, as `org/team`; one of them is enough. Empty: whoever has the role approver there.
    pub teams: Vec<String>,
    /// Whether who pushed, promoted or asked may not approve.
    pub exclude_requester: bool,
    /// Whether authors of the commits that would be deployed may not approve.
    pub exclude_authors: bool,
    /// Hours until a plan that nobody decided on expires, and an approval with it.
    pub expires_after_hours: u32,
}

impl Default for ApprovalRule {
    fn default() -> Self {
        Self {
            approvers: 0,
            teams: Vec::new(),
            exclude_requester: true,
            exclude_authors: true,
            expires_after_hours: 72,
        }
    }
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Carry it out.
    Approve,
    /// Do not.
    Reject,
}

/// What somebody decided on one plan digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Decision {
    /// The digest of the plan they saw.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub plan: Digest,
    /// Who.
    pub by: Person,
    /// Yes or no.
    pub verdict: Verdict,
    /// Why; needed to reject and to break the glass.
    pub reason: String,
    /// Names they typed because data may be lost.
    pub typed: Vec<String>,
    /// Whether rules were set aside, which needs a reason and is recorded.
    pub break_glass: bool,
    /// When.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub at: Timestamp,
}
