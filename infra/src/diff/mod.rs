//! What changing a stack from one template to another does, resource by resource; pure.

mod propagate;
mod properties;
mod render;

#[cfg(test)]
mod property_tests;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use domain::stack::{ChangeAction, PropertyChange, Recreation, ResourceChange};

pub(crate) use render::printable;
pub use render::render;

use crate::resource_types::is_stateful;
use crate::template::{Resolved, ResolvedResource};

/// What differs between the stack before and after, the gravest first: data that goes, then
/// resources that go, then changes in place, then new ones. No stack holds nothing.
///
/// Both have to be resolved without [`existing`](crate::template::Inputs::existing) resources:
/// only then is it visible who refers to a resource that is replaced.
pub fn compare(before: Option<&Resolved>, after: Option<&Resolved>) -> Vec<ResourceChange> {
    let none = BTreeMap::new();
    let before = before.map_or(&none, |stack| &stack.resources);
    let after = after.map_or(&none, |stack| &stack.resources);
    let mut changes = BTreeMap::new();
    for (name, old) in before {
        let change = match after.get(name) {
            None => Some(removed(name, old)),
            Some(new) => changed(name, old, new),
        };
        changes.extend(change.map(|change| (name.clone(), change)));
    }
    for (name, new) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
        changes.insert(name.clone(), change(name, new, ChangeAction::Add, Vec::new()));
    }
    propagate::replacements(before, after, &mut changes);
    let mut changes: Vec<ResourceChange> = changes.into_values().collect();
    changes.sort_by_key(|change| Reverse(gravity(change)));
    changes
}

fn removed(name: &str, old: &ResolvedResource) -> ResourceChange {
    let action = if old.is_retained() { ChangeAction::Orphan } else { ChangeAction::Remove };
    change(name, old, action, Vec::new())
}

fn changed(name: &str, old: &ResolvedResource, new: &ResolvedResource) -> Option<ResourceChange> {
    if old.resource_type != new.resource_type {
        let cause = PropertyChange {
            path: "Type".to_owned(),
            before: Some(quoted(&old.resource_type)),
            after: Some(quoted(&new.resource_type)),
            recreation: Recreation::Always,
        };
        let mut change = change(name, old, ChangeAction::Replace, vec![cause]);
        change.stateful |= is_stateful(&new.resource_type);
        return Some(change);
    }
    let mut causes = properties::changes(old, new);
    if causes.is_empty() {
        return None;
    }
    causes.sort_by_key(|cause| Reverse(cause.recreation));
    let action = action(&causes);
    Some(change(
        name,
        &ResolvedResource { physical_id: old.physical_id.clone(), ..new.clone() },
        action,
        causes,
    ))
}

/// What its gravest cause does to a resource.
fn action(causes: &[PropertyChange]) -> ChangeAction {
    match causes.iter().map(|cause| cause.recreation).max() {
        Some(Recreation::Always) => ChangeAction::Replace,
        Some(Recreation::Conditionally) => ChangeAction::MayReplace,
        _ => ChangeAction::Modify,
    }
}

fn change(
    name: &str,
    resource: &ResolvedResource,
    action: ChangeAction,
    causes: Vec<PropertyChange>,
) -> ResourceChange {
    ResourceChange {
        logical_id: name.to_owned(),
        physical_id: resource.physical_id.clone(),
        resource_type: resource.resource_type.clone(),
        action,
        stateful: is_stateful(&resource.resource_type),
        causes,
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn gravity(change: &ResourceChange) -> (bool, u8) {
    let action = match change.action {
        ChangeAction::Remove => 5,
        ChangeAction::Replace => 4,
        ChangeAction::MayReplace => 3,
        ChangeAction::Orphan => 2,
        ChangeAction::Modify => 1,
        ChangeAction::Add => 0,
    };
    (change.endangers_data(), action)
}
