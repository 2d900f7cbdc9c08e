//! Stacks: what a template would change in an account, resource by resource.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What happens to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeAction {
    /// It is made.
    Add,
    /// It is changed in place.
    Modify,
    /// It may be made anew, depending on values known only while it happens.
    MayReplace,
    /// A new one is made and the old one goes.
    Replace,
    /// It leaves the stack and stays in the account.
    Orphan,
    /// It is deleted.
    Remove,
}

impl ChangeAction {
    /// The word on screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Modify => "modify",
            Self::MayReplace => "may replace",
            Self::Replace => "replace",
            Self::Orphan => "orphan",
            Self::Remove => "remove",
        }
    }
}

impl fmt::Display for ChangeAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether changing a property makes its resource anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Recreation {
    /// Never.
    Never,
    /// Depending on other values.
    Conditionally,
    /// Always.
    Always,
}

/// One property that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PropertyChange {
    /// As `Properties.KeySchema.0.AttributeName`.
    pub path: String,
    /// The value before, as JSON; absent when the property is new.
    pub before: Option<String>,
    /// The value after, as JSON; absent when the property goes.
    pub after: Option<String>,
    /// What the change does to the resource.
    pub recreation: Recreation,
}

/// One resource that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResourceChange {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name in the account, once there is one.
    pub physical_id: Option<String>,
    /// As `AWS::DynamoDB::Table`.
    pub resource_type: String,
    /// What happens to it.
    pub action: ChangeAction,
    /// Whether it holds data that nobody can make again.
    pub stateful: bool,
    /// Why, the gravest first; empty when it is added or removed.
    pub causes: Vec<PropertyChange>,
}

impl ResourceChange {
    /// Whether data may be lost, so that its name has to be typed (C8).
    pub fn endangers_data(&self) -> bool {
        use ChangeAction::{MayReplace, Remove, Replace};
        self.stateful && matches!(self.action, MayReplace | Replace | Remove)
    }

    /// The name to be typed: in the account, else in the template.
    pub fn name(&self) -> &str {
        self.physical_id.as_deref().unwrap_or(&self.logical_id)
    }
}

/// A change of who may do what, or of what may reach what, as a sentence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PermissionChange {
    /// The resource whose policy or rule it is, by its name in the template.
    pub logical_id: String,
    /// As "role Engine may now s3:GetObject on arn:…".
    pub sentence: String,
    /// Whether more is allowed, or less denied, than before.
    pub widened: bool,
}

/// A resource that is not as its stack made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DriftedResource {
    /// Its name in the template.
    pub logical_id: String,
    /// As `AWS::S3::Bucket`.
    pub resource_type: String,
    /// Whether somebody deleted it.
    pub deleted: bool,
    /// What differs: before as in the template, after as found.
    pub differences: Vec<PropertyChange>,
}

impl DriftedResource {
    /// A resource of which nobody could say how it is. Why is left out: plans are compared by what they
    /// tell of drift, and a reason is in other words each time.
    pub fn not_compared(logical_id: impl Into<String>, resource_type: impl Into<String>) -> Self {
        let difference = PropertyChange {
            path: "Properties".to_owned(),
            before: None,
            after: Some(NOT_COMPARED.to_owned()),
            recreation: Recreation::Never,
        };
        Self {
            logical_id: logical_id.into(),
            resource_type: resource_type.into(),
            deleted: false,
            differences: vec![difference],
        }
    }

    /// Whether anybody could say how it is.
    pub fn is_compared(&self) -> bool {
        !self.differences.iter().any(|one| one.after.as_deref() == Some(NOT_COMPARED))
    }
}

/// As JSON, like every value of a property.
const NOT_COMPARED: &str = "\"could not be compared\"";
