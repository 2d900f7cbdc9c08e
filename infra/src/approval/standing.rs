//! Whether what people decided is enough, asked when they decide and again before the deployment.

use std::collections::BTreeMap;

use domain::Result;
use domain::approval::{Decision, Verdict};
use domain::branch::Person;
use jiff::Timestamp;

use super::eligible::unfit;
use super::{Asked, Candidate, Terms, expires_at, frozen, required};

/// Where the decisions on a plan stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// More people have to approve.
    Waiting {
        /// Approvals that count.
        have: u32,
        /// Approvals that are needed.
        need: u32,
        /// Who approved and may not any more: a role or team was taken away since.
        lost: Vec<Person>,
    },
    /// It may be carried out.
    Approved {
        /// By whom; empty when nobody had to.
        by: Vec<Person>,
        /// The reason given when rules were set aside.
        broke_glass: Option<String>,
    },
    /// Somebody said no.
    Rejected {
        /// Who.
        by: Person,
        /// Why.
        reason: String,
    },
    /// It was not decided, or not carried out, in time.
    Expired,
}

/// What a deployment may do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clearance {
    /// Begin.
    Go {
        /// Who approved.
        by: Vec<Person>,
        /// The reason given when rules were set aside.
        broke_glass: Option<String>,
    },
    /// Wait: nothing is deployed now.
    Hold {
        /// The name of the window.
        window: String,
        /// Its end.
        until: Timestamp,
    },
    /// Ask people again: what was approved does not suffice any more.
    AskAgain {
        /// Approvals that count.
        have: u32,
        /// Approvals that are needed.
        need: u32,
        /// Who approved and may not any more.
        lost: Vec<Person>,
    },
    /// End it: somebody said no.
    Rejected {
        /// Who.
        by: Person,
        /// Why.
        reason: String,
    },
    /// End it: the approval expired.
    Expired,
}

/// Where the decisions on a plan stand now. `lookup` tells what somebody is now; decisions of people
/// it does not know do not count. Only decisions on this digest count, and each person once.
pub fn standing(
    asked: Asked<'_>,
    decisions: &[Decision],
    terms: Terms<'_>,
    lookup: impl Fn(&Person) -> Option<Candidate>,
    now: Timestamp,
) -> Standing {
    let need = required(terms.rule, asked.plan).approvers;
    let on_this = || decisions.iter().filter(|decision| decision.plan == *asked.digest);
    if let Some(no) = on_this().find(|decision| decision.verdict == Verdict::Reject) {
        return Standing::Rejected { by: no.by.clone(), reason: no.reason.clone() };
    }
    if need == 0 {
        return Standing::Approved { by: Vec::new(), broke_glass: None };
    }
    if expires_at(terms.rule, asked.plan) <= now {
        return Standing::Expired;
    }
    let (mut counted, mut lost) = (BTreeMap::new(), Vec::new());
    for decision in on_this() {
        let candidate = lookup(&decision.by);
        let fit = candidate.is_some_and(|now| unfit(&now, decision, asked, terms).is_empty());
        if !fit {
            lost.push(decision.by.clone());
        } else if decision.break_glass {
            let broke_glass = Some(decision.reason.clone());
            return Standing::Approved { by: vec![decision.by.clone()], broke_glass };
        } else {
            counted.entry(decision.by.id.clone()).or_insert_with(|| decision.by.clone());
        }
    }
    let have = u32::try_from(counted.len()).unwrap_or(u32::MAX);
    if have < need {
        return Standing::Waiting { have, need, lost };
    }
    Standing::Approved { by: counted.into_values().collect(), broke_glass: None }
}

/// What a deployment may do now: roles, expiry and freeze windows are as they are now and not as
/// they were when people decided. [`domain::ErrorKind::Invalid`] when a window cannot be understood.
pub fn clearance(
    asked: Asked<'_>,
    decisions: &[Decision],
    terms: Terms<'_>,
    lookup: impl Fn(&Person) -> Option<Candidate>,
    now: Timestamp,
) -> Result<Clearance> {
    Ok(match standing(asked, decisions, terms, lookup, now) {
        Standing::Rejected { by, reason } => Clearance::Rejected { by, reason },
        Standing::Expired => Clearance::Expired,
        Standing::Waiting { have, need, lost } => Clearance::AskAgain { have, need, lost },
        Standing::Approved { by, broke_glass: None } => match frozen(terms.freezes, now)? {
            Some(frozen) => Clearance::Hold { window: frozen.window, until: frozen.until },
            None => Clearance::Go { by, broke_glass: None },
        },
        Standing::Approved { by, broke_glass } => Clearance::Go { by, broke_glass },
    })
}
