//! Failures on demand: what a simulated account is told to do wrong.

use serde::{Deserialize, Serialize};

/// What goes wrong in one simulated account and region from now on. It is kept in the database, so
/// that another process can ask for it and a restart does not forget it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Faults {
    /// Resources that cannot be made, changed, deleted or rolled back.
    pub resources: Vec<ResourceFault>,
    /// So many calls are throttled: nothing is done.
    pub throttled_calls: u32,
    /// So many calls to execute a change set are not answered, and nothing is done.
    pub lost_requests: u32,
    /// So many calls to execute a change set are carried out, and not answered.
    pub lost_answers: u32,
}

/// A resource with which something does not work until the fault is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceFault {
    /// The name of its stack.
    pub stack: String,
    /// Its name in the template.
    pub logical_id: String,
    /// What does not work.
    pub moment: FaultMoment,
    /// What the account says about it.
    pub reason: String,
}

/// When a resource fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultMoment {
    /// When it is made.
    Create,
    /// When it is changed or replaced.
    Update,
    /// When it is deleted, but not in a rollback.
    Delete,
    /// When it is changed back or taken away in a rollback.
    RollBack,
}

impl Faults {
    /// Why the resource fails at this moment, if it was asked to.
    pub(super) fn of(&self, stack: &str, logical_id: &str, moment: FaultMoment) -> Option<&str> {
        let asked = |fault: &&ResourceFault| {
            fault.stack == stack && fault.logical_id == logical_id && fault.moment == moment
        };
        self.resources.iter().find(asked).map(|fault| fault.reason.as_str())
    }
}
