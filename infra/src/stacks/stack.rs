//! What a stack is, and what happens to it.

use std::collections::BTreeMap;

use domain::release::Digest;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::StackStatus;

/// A stack as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stack {
    /// As `DevDataLakeEtlStorage`.
    pub name: String,
    /// Its ARN. A stack that is deleted and made anew has another one.
    pub arn: String,
    /// Where it stands.
    pub status: StackStatus,
    /// Why, if there is more to say.
    pub reason: Option<String>,
    /// What its template was given, by name.
    pub parameters: BTreeMap<String, String>,
    /// What it hands out, by name.
    pub outputs: BTreeMap<String, Output>,
    /// Its tags, which its resources get too.
    pub tags: BTreeMap<String, String>,
    /// Of the text of its template; `None` while nothing was ever executed.
    pub template: Option<Digest>,
    /// Whether it cannot be deleted until that is taken back.
    pub protected: bool,
    /// When something changed last.
    pub updated_at: Timestamp,
}

/// A value that a stack hands out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The value.
    pub value: String,
    /// The name under which other stacks import it.
    pub export: Option<String>,
}

/// A value that one stack hands to others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// As `DevRawBucketName`; one stack only can use a name.
    pub name: String,
    /// The value.
    pub value: String,
    /// The stack it comes from.
    pub stack: String,
}

/// A resource of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackResource {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name in the account; `None` until it is made.
    pub physical_id: Option<String>,
    /// As `AWS::S3::Bucket`.
    pub resource_type: String,
    /// As `CREATE_COMPLETE`.
    pub status: String,
    /// When something changed last.
    pub updated_at: Timestamp,
}

/// Something that happened to a stack or to one of its resources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackEvent {
    /// Identifies it among the events of its stack.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// The resource's name in the template; the stack's own name for events of the stack.
    pub logical_id: String,
    /// The resource's name in the account, once it has one.
    pub physical_id: Option<String>,
    /// As `AWS::S3::Bucket`, or `AWS::CloudFormation::Stack`.
    pub resource_type: String,
    /// As `UPDATE_IN_PROGRESS`.
    pub status: String,
    /// Why, if there is more to say.
    pub reason: Option<String>,
}

impl StackEvent {
    /// Whether it tells of a failure.
    pub fn is_failure(&self) -> bool {
        self.status.ends_with("_FAILED")
    }
}

/// What can be done with a stack beside executing a change set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StackOperation {
    /// Stop an update that is under way and go back to what was before it.
    CancelUpdate,
    /// Go on with the rollback of an update that failed.
    RollBack {
        /// Logical ids of resources that are left as they are, because they cannot be rolled back.
        skip: Vec<String>,
    },
    /// Delete the stack and all its resources, but those that its template retains.
    Delete {
        /// Logical ids of resources to leave in the account, after deleting them failed.
        retain: Vec<String>,
    },
    /// Protect the stack against being deleted, or no longer.
    Protect {
        /// Which.
        protected: bool,
    },
}
