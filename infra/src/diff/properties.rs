//! Which properties of a resource differ, as deep as they can be told apart.

use std::collections::{BTreeMap, BTreeSet};

use domain::stack::{PropertyChange, Recreation};
use serde_json::Value;

use crate::resource_types::recreation;
use crate::template::{ResolvedResource, function, scalar};

/// What differs between two resources of one type. `DependsOn` alone changes nothing.
pub(super) fn changes(old: &ResolvedResource, new: &ResolvedResource) -> Vec<PropertyChange> {
    let mut found = Differences { resource_type: &new.resource_type, changes: Vec::new() };
    found.compare(Some(&old.properties), Some(&new.properties), &mut Vec::new());
    let policies = [
        ("DeletionPolicy", &old.deletion_policy, &new.deletion_policy),
        ("UpdateReplacePolicy", &old.update_replace_policy, &new.update_replace_policy),
    ];
    for (path, old, new) in policies {
        let (old, new) = (old.as_deref().map(Value::from), new.as_deref().map(Value::from));
        found.attribute(path, old.as_ref(), new.as_ref());
    }
    let some = |value: &Value| (!value.is_null()).then(|| value.clone());
    found.attribute("Metadata", some(&old.metadata).as_ref(), some(&new.metadata).as_ref());
    found.changes
}

struct Differences<'a> {
    resource_type: &'a str,
    changes: Vec<PropertyChange>,
}

impl Differences<'_> {
    fn compare(&mut self, old: Option<&Value>, new: Option<&Value>, path: &mut Vec<String>) {
        match (old, new) {
            (None, None) => {}
            (Some(old), Some(new)) if same(old, new) => {}
            (Some(Value::Object(one)), Some(Value::Object(other)))
                if function(&Value::Object(one.clone())).is_none()
                    && function(&Value::Object(other.clone())).is_none() =>
            {
                let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
                for key in keys {
                    path.push(key.clone());
                    self.compare(one.get(key), other.get(key), path);
                    path.pop();
                }
            }
            (Some(Value::Array(one)), Some(Value::Array(other))) => {
                self.lists(one, other, path);
            }
            _ => self.push(old, new, path),
        }
    }

    fn lists(&mut self, old: &[Value], new: &[Value], path: &mut Vec<String>) {
        if let (Some(old), Some(new)) = (by_key(old), by_key(new)) {
            let keys: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
            for key in keys {
                path.push(key.to_owned());
                self.compare(old.get(key).copied(), new.get(key).copied(), path);
                path.pop();
            }
        } else if old.len() == new.len() {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                path.push(index.to_string());
                self.compare(Some(old), Some(new), path);
                path.pop();
            }
        } else {
            self.grown_or_shrunk(old, new, path);
        }
    }

    /// Lists of different lengths: what they have in common at both ends is left out.
    fn grown_or_shrunk(&mut self, old: &[Value], new: &[Value], path: &mut Vec<String>) {
        let equal = |(one, other): &(&Value, &Value)| same(one, other);
        let start = old.iter().zip(new).take_while(equal).count();
        let (old_rest, new_rest) = (&old[start..], &new[start..]);
        let end = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(equal).count();
        let gone = &old_rest[..old_rest.len() - end];
        let come = &new_rest[..new_rest.len() - end];
        if !gone.is_empty() && !come.is_empty() {
            let (old, new) = (Value::from(old.to_vec()), Value::from(new.to_vec()));
            return self.push(Some(&old), Some(&new), path);
        }
        for (index, value) in gone.iter().enumerate() {
            path.push((start + index).to_string());
            self.push(Some(value), None, path);
            path.pop();
        }
        for (index, value) in come.iter().enumerate() {
            path.push((start + index).to_string());
            self.push(None, Some(value), path);
            path.pop();
        }
    }

    fn push(&mut self, old: Option<&Value>, new: Option<&Value>, path: &[String]) {
        self.changes.push(PropertyChange {
            path: format!("Properties.{}", path.join(".")),
            before: old.map(Value::to_string),
            after: new.map(Value::to_string),
            recreation: recreation(self.resource_type, path),
        });
    }

    fn attribute(&mut self, path: &str, old: Option<&Value>, new: Option<&Value>) {
        if old != new {
            self.changes.push(PropertyChange {
                path: path.to_owned(),
                before: old.map(Value::to_string),
                after: new.map(Value::to_string),
                recreation: Recreation::Never,
            });
        }
    }
}

/// Tags: an unordered list of keys and values, told apart by key.
fn by_key(list: &[Value]) -> Option<BTreeMap<&str, &Value>> {
    let pairs = list.iter().map(|one| {
        let one = one.as_object().filter(|one| one.len() == 2)?;
        Some((one.get("Key")?.as_str()?, one.get("Value")?))
    });
    let by_key: BTreeMap<_, _> = pairs.collect::<Option<_>>()?;
    (by_key.len() == list.len() && !list.is_empty()).then_some(by_key)
}

/// Whether two values are the same to CloudFormation, which knows scalars as text.
fn same(old: &Value, new: &Value) -> bool {
    match (scalar(old), scalar(new)) {
        (Some(old), Some(new)) => old == new,
        _ => old == new,
    }
}
