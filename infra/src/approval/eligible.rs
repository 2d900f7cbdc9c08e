//! Whether somebody may decide as they want to, and all reasons why not.

use std::fmt;

use domain::access::Role;
use domain::approval::{Decision, Verdict};
use domain::environment::EnvironmentName;
use jiff::Timestamp;

use super::{Asked, Candidate, Terms, expires_at, frozen, required};

/// One reason why somebody may not decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyNot {
    /// They pushed, promoted or asked for it.
    Requester,
    /// They wrote a commit that would be deployed.
    Author,
    /// They have no role that decides there.
    NoRole(EnvironmentName),
    /// They are in none of these teams.
    NotInTeam(Vec<String>),
    /// Nothing is deployed now.
    Frozen {
        /// The name of the window, or why it cannot be told.
        window: String,
        /// Its end, if known.
        until: Option<Timestamp>,
    },
    /// The plan expired.
    Expired(Timestamp),
    /// They saw another plan.
    OtherPlan,
    /// Names that have to be typed and were not.
    NotTyped(Vec<String>),
    /// A rejection and breaking the glass need a reason.
    NoReason,
    /// Only an admin breaks the glass.
    NotAdmin,
    /// They decided so already.
    Decided,
}

impl fmt::Display for WhyNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requester => write!(f, "asked for this deployment: somebody else has to approve"),
            Self::Author => write!(f, "wrote a commit of it: somebody else has to approve"),
            Self::NoRole(place) => write!(f, "is neither approver nor admin in {place}"),
            Self::NotInTeam(teams) => write!(f, "is not in {}", teams.join(" or ")),
            Self::Frozen { window, until: Some(until) } => {
                write!(f, "nothing is deployed during {window}, which ends at {until}")
            }
            Self::Frozen { window, until: None } => {
                write!(f, "nothing is deployed while freeze windows cannot be told: {window}")
            }
            Self::Expired(at) => write!(f, "the plan expired at {at}: make a new one"),
            Self::OtherPlan => write!(f, "the plan changed since it was looked at: read it again"),
            Self::NotTyped(names) => {
                write!(f, "data may be lost: type the name {}", names.join(", and "))
            }
            Self::NoReason => write!(f, "a reason is needed"),
            Self::NotAdmin => write!(f, "only an admin breaks the glass"),
            Self::Decided => write!(f, "has decided on this plan already"),
        }
    }
}

/// Whether `candidate` may decide so on a plan now. All reasons why not, not only the first.
///
/// Who rejects needs a role, the plan and a reason. Who breaks the glass sets the number of
/// approvers, teams, exclusions and freeze windows aside, but never the digest, the expiry or names
/// to be typed.
pub fn eligible(
    candidate: &Candidate,
    decision: &Decision,
    asked: Asked<'_>,
    terms: Terms<'_>,
    now: Timestamp,
) -> Result<(), Vec<WhyNot>> {
    let mut why = Vec::new();
    if decision.plan != *asked.digest {
        why.push(WhyNot::OtherPlan);
    }
    let expiry = expires_at(terms.rule, asked.plan);
    if expiry <= now {
        why.push(WhyNot::Expired(expiry));
    }
    if decision.verdict == Verdict::Approve && !decision.break_glass {
        why.extend(freeze(terms, now));
    }
    why.extend(unfit(candidate, decision, asked, terms));
    if why.is_empty() { Ok(()) } else { Err(why) }
}

/// What stands against a decision at whatever time it is looked at: roles may be gone since.
pub(super) fn unfit(
    candidate: &Candidate,
    decision: &Decision,
    asked: Asked<'_>,
    terms: Terms<'_>,
) -> Vec<WhyNot> {
    let mut why = Vec::new();
    let approves = decision.verdict == Verdict::Approve;
    if decision.break_glass {
        if !candidate.has(Role::Admin, &asked.plan.environment) {
            why.push(WhyNot::NotAdmin);
        }
    } else {
        why.extend(no_standing(candidate, asked, terms));
        if approves {
            why.extend(involved(candidate, asked, terms));
        }
    }
    if (decision.break_glass || !approves) && decision.reason.trim().is_empty() {
        why.push(WhyNot::NoReason);
    }
    if approves {
        let mut missing = required(terms.rule, asked.plan).typed;
        missing.retain(|name| !decision.typed.contains(name));
        if !missing.is_empty() {
            why.push(WhyNot::NotTyped(missing));
        }
    }
    why
}

/// Why somebody has no say in the environment, whatever the plan.
pub(super) fn no_standing(
    candidate: &Candidate,
    asked: Asked<'_>,
    terms: Terms<'_>,
) -> Vec<WhyNot> {
    let mut why = Vec::new();
    if !candidate.is_approver(&asked.plan.environment) {
        why.push(WhyNot::NoRole(asked.plan.environment.clone()));
    }
    let teams = &terms.rule.teams;
    if !teams.is_empty() && !teams.iter().any(|team| candidate.is_in(team)) {
        why.push(WhyNot::NotInTeam(teams.clone()));
    }
    why
}

/// Why somebody is too close to the plan. People are compared by number: logins change hands.
fn involved(candidate: &Candidate, asked: Asked<'_>, terms: Terms<'_>) -> Vec<WhyNot> {
    let id = &candidate.person.id;
    let mut why = Vec::new();
    let requester = asked.plan.requested_by.as_ref();
    if terms.rule.exclude_requester && requester.is_some_and(|requester| requester.id == *id) {
        why.push(WhyNot::Requester);
    }
    let wrote = asked.plan.authors.iter().any(|author| author.person_id() == Some(id));
    if terms.rule.exclude_authors && wrote {
        why.push(WhyNot::Author);
    }
    why
}

/// A window that cannot be understood freezes: nothing is deployed by mistake.
fn freeze(terms: Terms<'_>, now: Timestamp) -> Option<WhyNot> {
    match frozen(terms.freezes, now) {
        Ok(None) => None,
        Ok(Some(frozen)) => {
            Some(WhyNot::Frozen { window: frozen.window, until: Some(frozen.until) })
        }
        Err(error) => Some(WhyNot::Frozen { window: error.message().to_owned(), until: None }),
    }
}
