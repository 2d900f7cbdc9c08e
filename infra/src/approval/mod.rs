//! Approvals: what a plan needs before it is carried out, who may decide on it, and whether what was
//! decided is enough.
//!
//! Architecture invariant: all of it is functions of values. The same function answers the person who
//! decides, the simulator that says who could, and the deployment that asks again before it begins.

mod eligible;
mod freeze;
mod reminders;
mod required;
mod simulate;
mod standing;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeSet;

use domain::access::{Grant, Permission, Role};
use domain::approval::{ApprovalRule, FreezeWindow};
use domain::branch::Person;
use domain::environment::EnvironmentName;
use domain::plan::Plan;
use domain::release::Digest;
use jiff::{SignedDuration, Timestamp};

pub use eligible::{WhyNot, eligible};
pub use freeze::{Frozen, check_windows, frozen};
pub use reminders::{Reminder, reminder_due};
pub use required::{Required, required};
pub use simulate::{satisfiable, who_could};
pub use standing::{Clearance, Standing, clearance, standing};
pub use words::{rule_in_words, windows_in_words};

/// Somebody, with what decides whether they may approve, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub person: Person,
    /// Their roles.
    pub grants: Vec<Grant>,
    /// Teams they are active members of, as `org/team`.
    pub teams: BTreeSet<String>,
}

impl Candidate {
    /// Whether they have a role in an environment.
    pub fn has(&self, role: Role, environment: &EnvironmentName) -> bool {
        let gives = |grant: &Grant| grant.role == role && grant.reaches(Some(environment));
        self.grants.iter().any(gives)
    }

    /// Whether they are in a team. Names of organisations and teams are written in any case.
    pub fn is_in(&self, team: &str) -> bool {
        self.teams.iter().any(|own| own.eq_ignore_ascii_case(team))
    }

    /// Whether they may decide on plans in an environment at all.
    pub fn is_approver(&self, environment: &EnvironmentName) -> bool {
        let decides = |grant: &Grant| {
            grant.role.gives(Permission::DecidePlans) && grant.reaches(Some(environment))
        };
        self.grants.iter().any(decides)
    }
}

/// What an environment asks for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms<'a> {
    /// Its rule.
    pub rule: &'a ApprovalRule,
    /// When nothing is deployed there.
    pub freezes: &'a [FreezeWindow],
}

/// A plan that people are asked about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Asked<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Its digest, as it was stored with it.
    pub digest: &'a Digest,
}

/// Until when a plan may be decided on and carried out.
pub fn expires_at(rule: &ApprovalRule, plan: &Plan) -> Timestamp {
    plan.made_at + SignedDuration::from_hours(i64::from(rule.expires_after_hours))
}
