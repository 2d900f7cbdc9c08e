//! A simulated stack as it is kept: what it holds, and how far an execution has got.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::release::Digest;
use infra::stacks::{Output, Stack, StackEvent, StackResource, StackStatus};
use infra::template::Resolved;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The type of events of the stack itself.
const STACK: &str = "AWS::CloudFormation::Stack";

/// A stack. All of it is one document in the database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StackState {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) status: StackStatus,
    pub(super) reason: Option<String>,
    pub(super) protected: bool,
    pub(super) updated_at: Timestamp,
    /// What it was made of last, successfully.
    pub(super) made: Option<Made>,
    pub(super) outputs: BTreeMap<String, Output>,
    /// By logical id.
    pub(super) resources: BTreeMap<String, Held>,
    /// What is under way, or was stopped by a rollback that failed.
    pub(super) operation: Option<Operation>,
    /// When its next step is due.
    pub(super) due_at: Option<Timestamp>,
    /// Tokens of operations that were begun.
    pub(super) tokens: BTreeSet<String>,
    /// How many events it has had.
    pub(super) events: u64,
    /// Events that are not yet stored, with their numbers.
    #[serde(skip)]
    pub(super) news: Vec<(u64, StackEvent)>,
}

/// What a stack is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Made {
    pub(super) template: String,
    pub(super) digest: Digest,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) resolved: Resolved,
}

/// A resource that a stack holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) physical_id: String,
    pub(super) resource_type: String,
    pub(super) status: String,
    pub(super) updated_at: Timestamp,
    /// As the stack made it.
    pub(super) properties: Value,
    /// How often it was replaced.
    pub(super) generation: u32,
}

/// Something that takes steps. Each is carried out in a transaction of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Operation {
    pub(super) kind: Kind,
    pub(super) phase: Phase,
    /// What the stack is to be made of; `None` when it is deleted.
    pub(super) target: Option<Made>,
    /// What is to be done in this phase.
    pub(super) steps: VecDeque<Step>,
    /// What takes back the changes made so far, in the order in which they were made.
    pub(super) restores: Vec<Step>,
    /// What takes away the resources made so far, in the order in which they were made.
    pub(super) removals: Vec<Step>,
    /// What takes away the resources that are no longer needed once all went well.
    pub(super) leftovers: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    Create,
    Update,
    Delete,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Phase {
    Forward,
    RollBack,
    /// After an update, or after it was taken back: nothing can fail any more.
    CleanUp,
}

/// One thing done to one resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Step {
    Make {
        id: String,
    },
    /// In place, unless values known only now make it a replacement.
    Change {
        id: String,
    },
    Replace {
        id: String,
    },
    /// Back to what it was.
    Restore {
        id: String,
        held: Held,
    },
    Delete {
        id: String,
        resource_type: String,
        physical_id: String,
        retained: bool,
    },
}

impl Step {
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Make { id }
            | Self::Change { id }
            | Self::Replace { id }
            | Self::Restore { id, .. }
            | Self::Delete { id, .. } => id,
        }
    }
}

impl Held {
    /// The step that takes it away.
    pub(super) fn removal(&self, id: &str, retained: bool) -> Step {
        Step::Delete {
            id: id.to_owned(),
            resource_type: self.resource_type.clone(),
            physical_id: self.physical_id.clone(),
            retained,
        }
    }
}

impl StackState {
    /// A stack of which nothing is made yet.
    pub(super) fn new(name: &str, arn: String, now: Timestamp) -> Self {
        let mut stack = Self {
            name: name.to_owned(),
            arn,
            status: StackStatus::ReviewInProgress,
            reason: None,
            protected: false,
            updated_at: now,
            made: None,
            outputs: BTreeMap::new(),
            resources: BTreeMap::new(),
            operation: None,
            due_at: None,
            tokens: BTreeSet::new(),
            events: 0,
            news: Vec::new(),
        };
        stack.become_status(StackStatus::ReviewInProgress, None, now);
        stack
    }

    /// Takes a status, and tells of it.
    pub(super) fn become_status(
        &mut self,
        status: StackStatus,
        reason: Option<String>,
        now: Timestamp,
    ) {
        self.status = status;
        self.reason = reason.clone();
        self.updated_at = now;
        let (name, arn) = (self.name.clone(), self.arn.clone());
        self.tell(&name, Some(arn), STACK, status.as_str(), reason, now);
    }

    /// Adds an event.
    pub(super) fn tell(
        &mut self,
        id: &str,
        physical_id: Option<String>,
        resource_type: &str,
        status: &str,
        reason: Option<String>,
        now: Timestamp,
    ) {
        self.events += 1;
        let event = StackEvent {
            id: self.events.to_string(),
            at: now,
            logical_id: id.to_owned(),
            physical_id,
            resource_type: resource_type.to_owned(),
            status: status.to_owned(),
            reason,
        };
        self.news.push((self.events, event));
    }

    /// Names of exports that it uses or is about to use.
    pub(super) fn imports(&self) -> BTreeSet<&str> {
        let target = self.operation.as_ref().and_then(|operation| operation.target.as_ref());
        let both = self.made.iter().chain(target);
        both.flat_map(|made| made.resolved.imports.iter().map(String::as_str)).collect()
    }

    /// The stack as the port tells of it.
    pub(super) fn view(&self) -> Stack {
        let made = self.made.as_ref();
        Stack {
            name: self.name.clone(),
            arn: self.arn.clone(),
            status: self.status,
            reason: self.reason.clone(),
            parameters: made.map(|made| made.parameters.clone()).unwrap_or_default(),
            outputs: self.outputs.clone(),
            tags: made.map(|made| made.tags.clone()).unwrap_or_default(),
            template: made.map(|made| made.digest.clone()),
            protected: self.protected,
            updated_at: self.updated_at,
        }
    }

    /// Its resources as the port tells of them.
    pub(super) fn resource_views(&self) -> Vec<StackResource> {
        let view = |(id, held): (&String, &Held)| StackResource {
            logical_id: id.clone(),
            physical_id: Some(held.physical_id.clone()),
            resource_type: held.resource_type.clone(),
            status: held.status.clone(),
            updated_at: held.updated_at,
        };
        self.resources.iter().map(view).collect()
    }
}
