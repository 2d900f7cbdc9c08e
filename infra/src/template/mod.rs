//! CloudFormation templates: read from YAML or JSON, checked, and resolved as far as is known.

mod inputs;
mod json;
mod parameter;
mod place;
mod references;
mod resolve;
mod resolved;
mod sections;
mod spelling;
mod yaml;

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use domain::error::{Error, Result};
use serde_json::{Map, Value};

pub use inputs::{Existing, Inputs};
pub use parameter::Parameter;
pub(crate) use references::function;
pub use references::references;
pub use resolve::fill;
pub use resolved::{Resolved, ResolvedOutput, ResolvedResource};

pub(crate) use sections::scalar;

use place::Places;

/// Largest text of a template, in bytes: CloudFormation's own bound.
pub const MOST_BYTES: usize = 1_000_000;

/// How deep values may nest. CloudFormation's templates need about fifteen levels.
const MOST_LEVELS: usize = 64;

/// A template as it is written: intrinsic functions in their long form, nothing evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// What it says of itself.
    pub description: Option<String>,
    /// What can be chosen when its stack is made, by name.
    pub parameters: BTreeMap<String, Parameter>,
    /// Map name -> first key -> second key -> value.
    pub mappings: Map<String, Value>,
    /// Conditions by name, not evaluated.
    pub conditions: BTreeMap<String, Value>,
    /// Resources by logical id; at least one.
    pub resources: BTreeMap<String, Resource>,
    /// Outputs by name.
    pub outputs: BTreeMap<String, Output>,
}

/// A resource as it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// As `AWS::S3::Bucket`.
    pub resource_type: String,
    /// Its properties, a JSON object.
    pub properties: Value,
    /// Logical ids that `DependsOn` names.
    pub depends_on: Vec<String>,
    /// What becomes of it when it leaves the stack.
    pub deletion_policy: Option<String>,
    /// What becomes of the old one when it is replaced.
    pub update_replace_policy: Option<String>,
    /// The condition without which it is not made.
    pub condition: Option<String>,
    /// What the template notes about it, a JSON object or null.
    pub metadata: Value,
}

/// An output as it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// What it is worth, not evaluated.
    pub value: Value,
    /// The name under which other stacks import it, not evaluated.
    pub export: Option<Value>,
    /// The condition without which it is not there.
    pub condition: Option<String>,
    /// What it says of itself.
    pub description: Option<String>,
}

impl Template {
    /// Reads a template from YAML or, when it begins with `{`, from JSON.
    ///
    /// # Errors
    /// `Invalid` with line and column for text that is no template: bad syntax, a key that stands
    /// twice, anchors, values nested too deep, more than [`MOST_BYTES`], unknown sections or
    /// attributes, references to what is not there, macros.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > MOST_BYTES {
            return Err(Error::invalid(format!(
                "the template has {} bytes and CloudFormation takes at most {MOST_BYTES}: split it",
                text.len()
            )));
        }
        let mut places = Places::default();
        let text = text.trim_start_matches('\u{feff}');
        let value = match text.trim_start().starts_with('{') {
            true => json::read(text)?,
            false => yaml::read(text, &mut places)?,
        };
        let template = sections::template(spelling::normal(value)?, &places)?;
        references::check(&template, &places)?;
        Ok(template)
    }

    /// Evaluates conditions and intrinsic functions as far as `inputs` say. What is known only
    /// once a resource is there stays in the long form, as `{"Ref": "Table"}`.
    ///
    /// # Errors
    /// `Invalid` for a parameter that is missing, unknown or not allowed, and for a function that
    /// cannot be evaluated, with the path to it.
    pub fn resolve(&self, inputs: &Inputs) -> Result<Resolved> {
        resolve::template(self, inputs)
    }
}
