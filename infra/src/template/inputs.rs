//! What a template is resolved with: choices, the account, and what is already there.

use std::collections::BTreeMap;

use crate::partition;

/// Everything outside a template that its values depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// Parameter values by name; those with a default may be left out.
    pub parameters: BTreeMap<String, String>,
    /// The account's twelve digits.
    pub account: String,
    /// As `eu-central-1`.
    pub region: String,
    /// As `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// The stack's name.
    pub stack_name: String,
    /// The stack's ARN, once there is one.
    pub stack_id: Option<String>,
    /// The region's availability zones; when empty, `Fn::GetAZs` stays as it is.
    pub zones: Vec<String>,
    /// Values that other stacks export, by name; imports that are not here stay as they are.
    pub imports: BTreeMap<String, String>,
    /// Values of SSM parameters by name, for parameters whose value is read from there.
    pub stored: BTreeMap<String, String>,
    /// Resources that are there, by logical id: references to them are filled in. Leave it empty
    /// for templates that are to be compared, so that references stay visible.
    pub existing: BTreeMap<String, Existing>,
}

impl Inputs {
    /// Inputs for a stack that is not there yet, in the partition of the region, nothing chosen.
    pub fn new(account: &str, region: &str, stack_name: &str) -> Self {
        Self {
            parameters: BTreeMap::new(),
            account: account.to_owned(),
            region: region.to_owned(),
            partition: partition::of_region(region).to_owned(),
            stack_name: stack_name.to_owned(),
            stack_id: None,
            zones: Vec::new(),
            imports: BTreeMap::new(),
            stored: BTreeMap::new(),
            existing: BTreeMap::new(),
        }
    }

    /// The same with one parameter chosen.
    #[must_use]
    pub fn with_parameter(mut self, name: &str, value: &str) -> Self {
        self.parameters.insert(name.to_owned(), value.to_owned());
        self
    }
}

/// A resource that is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Existing {
    /// What `Ref` gives.
    pub physical_id: String,
    /// What `Fn::GetAtt` gives, by attribute; those that are not here stay unknown.
    pub attributes: BTreeMap<String, String>,
}
