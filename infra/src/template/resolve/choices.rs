//! Parameter values and pseudo parameters.

use std::collections::BTreeMap;

use domain::error::{Error, Result};
use serde_json::{Value, json};

use crate::partition;
use crate::template::{Inputs, Template};

/// The value of every parameter, by default or by choice.
///
/// # Errors
/// `Invalid` naming every parameter that is missing, or one that is unknown or not allowed.
pub(super) fn effective(template: &Template, inputs: &Inputs) -> Result<BTreeMap<String, String>> {
    let known = &template.parameters;
    if let Some(unknown) = inputs.parameters.keys().find(|name| !known.contains_key(*name)) {
        let names: Vec<&str> = known.keys().map(String::as_str).collect();
        let names = names.join(", ");
        return Err(Error::invalid(format!(
            "the template has no parameter {unknown}: leave it out, or use one of its own ({names})"
        )));
    }
    let missing: Vec<&str> = known
        .iter()
        .filter(|(name, one)| one.default.is_none() && !inputs.parameters.contains_key(*name))
        .map(|(name, _)| name.as_str())
        .collect();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        return Err(Error::invalid(format!("give a value for the parameters {missing}")));
    }
    for (name, value) in &inputs.parameters {
        if !known[name].is_stored_elsewhere() {
            known[name].check(value).map_err(|error| error.context(format!("parameter {name}")))?;
        }
    }
    let values = known.iter().filter_map(|(name, one)| {
        let value = inputs.parameters.get(name).or(one.default.as_ref())?;
        Some((name.clone(), value.clone()))
    });
    Ok(values.collect())
}

/// Who asks what `Ref` to a parameter gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asker {
    /// A condition: only whether it holds is seen later.
    Condition,
    /// A resource or output, whose values everybody sees.
    Plan,
}

/// What `Ref` to a parameter gives. Values that are stored elsewhere and not known stay
/// references, secrets as well where a plan would show them.
pub(super) fn values(
    template: &Template,
    inputs: &Inputs,
    effective: &BTreeMap<String, String>,
    asker: Asker,
) -> BTreeMap<String, Value> {
    let values = effective.iter().map(|(name, chosen)| {
        let parameter = &template.parameters[name];
        let value = match parameter.is_stored_elsewhere() {
            true => inputs.stored.get(chosen),
            false => Some(chosen),
        };
        let value = match value {
            Some(value) if !parameter.no_echo || asker == Asker::Condition => {
                match parameter.is_list() {
                    true => value.split(',').map(str::trim).map(Value::from).collect(),
                    false => Value::from(value.as_str()),
                }
            }
            _ => json!({ "Ref": name }),
        };
        (name.clone(), value)
    });
    values.collect()
}

/// What `Ref` to a pseudo parameter gives; nothing when it is known only once the stack is there.
///
/// # Errors
/// `Invalid` for a name that CloudFormation does not have.
pub(super) fn pseudo(inputs: &Inputs, name: &str) -> Result<Option<Value>> {
    let suffix = partition::address_suffix(&inputs.partition);
    Ok(match name {
        "AWS::AccountId" => Some(inputs.account.as_str().into()),
        "AWS::Region" => Some(inputs.region.as_str().into()),
        "AWS::Partition" => Some(inputs.partition.as_str().into()),
        "AWS::StackName" => Some(inputs.stack_name.as_str().into()),
        "AWS::StackId" => inputs.stack_id.as_deref().map(Value::from),
        "AWS::URLSuffix" => Some(suffix.into()),
        "AWS::NotificationARNs" => None,
        _ => return Err(Error::invalid(format!("CloudFormation has no pseudo parameter {name}"))),
    })
}
