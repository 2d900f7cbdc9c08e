//! A template after its conditions and functions are evaluated.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a stack is to hold. Values known only once a resource is there stay as `{"Ref": "Table"}`
/// or `{"Fn::GetAtt": ["Table", "Arn"]}`, in joins as `{"Fn::Join": ["", [parts]]}`, so that equal
/// references compare equal however they were written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Resolved {
    /// Resources whose condition holds, by logical id.
    pub resources: BTreeMap<String, ResolvedResource>,
    /// Outputs whose condition holds, by name.
    pub outputs: BTreeMap<String, ResolvedOutput>,
    /// Parameter values after defaults, by name; secrets are left out.
    pub parameters: BTreeMap<String, String>,
    /// Names of exports of other stacks that are used, known or not.
    pub imports: BTreeSet<String>,
}

impl Resolved {
    /// The same with the names that resources have in the account, for showing; references stay.
    #[must_use]
    pub fn with_physical_ids(mut self, ids: &BTreeMap<String, String>) -> Self {
        for (logical_id, resource) in &mut self.resources {
            resource.physical_id = ids.get(logical_id).cloned();
        }
        self
    }

    /// Names under which other stacks import its outputs, as far as known.
    pub fn exports(&self) -> BTreeSet<&str> {
        self.outputs.values().filter_map(|output| output.export.as_deref()).collect()
    }
}

/// A resource that a stack is to hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResolvedResource {
    /// As `AWS::S3::Bucket`.
    pub resource_type: String,
    /// Its name in the account, once there is one.
    pub physical_id: Option<String>,
    /// Its properties, a JSON object.
    pub properties: Value,
    /// Logical ids that have to be there before it: by reference or by `DependsOn`.
    pub depends_on: BTreeSet<String>,
    /// What becomes of it when it leaves the stack; `Delete` when absent.
    pub deletion_policy: Option<String>,
    /// What becomes of the old one when it is replaced; `Delete` when absent.
    pub update_replace_policy: Option<String>,
    /// What the template notes about it, a JSON object or null.
    pub metadata: Value,
}

impl ResolvedResource {
    /// Whether it stays in the account when it leaves the stack.
    pub fn is_retained(&self) -> bool {
        matches!(self.deletion_policy.as_deref(), Some("Retain" | "RetainExceptOnCreate"))
    }
}

/// An output that a stack is to have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResolvedOutput {
    /// What it is worth: a text, or a function of what is not known yet.
    pub value: Value,
    /// The name under which other stacks import it.
    pub export: Option<String>,
    /// What it says of itself.
    pub description: Option<String>,
}
