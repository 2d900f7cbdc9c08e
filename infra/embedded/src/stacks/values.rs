//! Values of a stack while it is made: references become what is there by now.

use std::collections::{BTreeMap, BTreeSet};

use domain::Result;
use domain::stack::ResourceChange;
use infra::diff;
use infra::stacks::Output;
use infra::template::{Existing, Resolved, ResolvedResource, fill};
use serde_json::Value;

use super::physical::existing;
use super::state::{Held, StackState};
use crate::AccountRegion;

/// A value with every reference to a resource of the stack filled in.
pub(super) fn filled(stack: &StackState, at: &AccountRegion, value: &Value) -> Result<Value> {
    let mut asked = BTreeSet::new();
    attributes(value, &mut asked);
    let there: BTreeMap<String, Existing> = stack
        .resources
        .iter()
        .map(|(id, held)| {
            let own = asked.iter().filter(|(of, _)| of == id);
            let own: Vec<&str> = own.map(|(_, attribute)| attribute.as_str()).collect();
            (id.clone(), existing(at, held, &own))
        })
        .collect();
    fill(value, &there)
}

/// The outputs of what the stack is made of, with their values.
pub(super) fn outputs(
    stack: &StackState,
    at: &AccountRegion,
    resolved: &Resolved,
) -> Result<BTreeMap<String, Output>> {
    let mut outputs = BTreeMap::new();
    for (name, output) in &resolved.outputs {
        let value = match filled(stack, at, &output.value)? {
            Value::String(text) => text,
            other => other.to_string(),
        };
        outputs.insert(name.clone(), Output { value, export: output.export.clone() });
    }
    Ok(outputs)
}

/// Puts values in place of imports that were not known yet.
pub(super) fn settle_imports(resolved: &mut Resolved, exports: &BTreeMap<String, String>) {
    let properties = resolved.resources.values_mut().map(|resource| &mut resource.properties);
    let outputs = resolved.outputs.values_mut().map(|output| &mut output.value);
    properties.chain(outputs).for_each(|value| settle(value, exports));
}

fn settle(value: &mut Value, exports: &BTreeMap<String, String>) {
    let import = value.get("Fn::ImportValue").and_then(Value::as_str);
    if let Some(known) = import.and_then(|name| exports.get(name)) {
        *value = Value::from(known.as_str());
        return;
    }
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| settle(value, exports)),
        Value::Object(values) => values.values_mut().for_each(|value| settle(value, exports)),
        _ => {}
    }
}

/// What differs between a resource as its stack holds it and other properties; `None`: nothing.
pub(super) fn difference(id: &str, held: &Held, properties: &Value) -> Option<ResourceChange> {
    let alone = |properties: &Value| {
        let resource = ResolvedResource {
            resource_type: held.resource_type.clone(),
            physical_id: Some(held.physical_id.clone()),
            properties: properties.clone(),
            depends_on: BTreeSet::new(),
            deletion_policy: None,
            update_replace_policy: None,
            metadata: Value::Null,
        };
        Resolved { resources: BTreeMap::from([(id.to_owned(), resource)]), ..Resolved::default() }
    };
    diff::compare(Some(&alone(&held.properties)), Some(&alone(properties))).pop()
}

/// Pairs of logical id and attribute that `Fn::GetAtt` asks for.
fn attributes(value: &Value, asked: &mut BTreeSet<(String, String)>) {
    if let Some([Value::String(id), Value::String(attribute)]) =
        value.get("Fn::GetAtt").and_then(Value::as_array).map(Vec::as_slice)
    {
        asked.insert((id.clone(), attribute.clone()));
    }
    match value {
        Value::Array(values) => values.iter().for_each(|value| attributes(value, asked)),
        Value::Object(values) => values.values().for_each(|value| attributes(value, asked)),
        _ => {}
    }
}
