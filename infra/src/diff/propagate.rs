//! Who else changes when a resource is replaced: those that refer to it.

use std::collections::{BTreeMap, BTreeSet};

use domain::stack::{ChangeAction, PropertyChange, Recreation, ResourceChange};
use serde_json::Value;

use super::{action, change};
use crate::resource_types::recreation;
use crate::template::{ResolvedResource, function, references};

type Resources = BTreeMap<String, ResolvedResource>;

/// Adds what follows from replacements. A property whose reference leads to a replaced resource
/// gets a new value; where a new value replaces, CloudFormation says "conditional", as the value
/// shows only while it happens, and so do we. Such causes have the same text before and after.
pub(super) fn replacements(
    before: &Resources,
    after: &Resources,
    changes: &mut BTreeMap<String, ResourceChange>,
) {
    let mut waiting: Vec<String> = changes.values().filter(|one| is_new(one)).map(id).collect();
    let mut seen: BTreeSet<String> = waiting.iter().cloned().collect();
    while let Some(replaced) = waiting.pop() {
        for (name, resource) in after {
            if *name == replaced || !before.contains_key(name) {
                continue;
            }
            let causes = causes(resource, &replaced);
            if causes.is_empty() {
                continue;
            }
            let follower = changes
                .entry(name.clone())
                .or_insert_with(|| follower(name, &before[name], resource));
            add(follower, causes);
            if is_new(follower) && seen.insert(name.clone()) {
                waiting.push(name.clone());
            }
        }
    }
}

fn follower(name: &str, old: &ResolvedResource, new: &ResolvedResource) -> ResourceChange {
    let named = ResolvedResource { physical_id: old.physical_id.clone(), ..new.clone() };
    change(name, &named, ChangeAction::Modify, Vec::new())
}

fn add(follower: &mut ResourceChange, causes: Vec<PropertyChange>) {
    for cause in causes {
        if follower.causes.iter().all(|known| known.path != cause.path) {
            follower.causes.push(cause);
        }
    }
    follower.causes.sort_by(|one, other| {
        other.recreation.cmp(&one.recreation).then_with(|| one.path.cmp(&other.path))
    });
    follower.action = action(&follower.causes);
}

/// The properties of `resource` whose values lead to `replaced`.
fn causes(resource: &ResolvedResource, replaced: &str) -> Vec<PropertyChange> {
    let mut found = Vec::new();
    leaves(&resource.properties, replaced, &mut Vec::new(), &mut |path, value| {
        let effect = recreation(&resource.resource_type, path).min(Recreation::Conditionally);
        found.push(PropertyChange {
            path: format!("Properties.{}", path.join(".")),
            before: Some(value.to_string()),
            after: Some(value.to_string()),
            recreation: effect,
        });
    });
    found
}

fn leaves(
    value: &Value,
    replaced: &str,
    path: &mut Vec<String>,
    found: &mut dyn FnMut(&[String], &Value),
) {
    let inner: Vec<(String, &Value)> = match value {
        _ if function(value).is_some() => {
            if references(value).contains(replaced) {
                found(path, value);
            }
            return;
        }
        Value::Object(object) => object.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(list) => {
            list.iter().enumerate().map(|(i, one)| (i.to_string(), one)).collect()
        }
        _ => return,
    };
    for (key, value) in inner {
        path.push(key);
        leaves(value, replaced, path, found);
        path.pop();
    }
}

fn is_new(change: &ResourceChange) -> bool {
    matches!(change.action, ChangeAction::Replace | ChangeAction::MayReplace)
}

fn id(change: &ResourceChange) -> String {
    change.logical_id.clone()
}
