//! Drift: made on demand, and found.

use domain::stack::DriftedResource;
use domain::{Error, Result};
use serde_json::Value;

use super::values::difference;
use super::world::World;

/// What somebody does to a resource behind its stack's back.
#[derive(Debug, Clone, PartialEq)]
pub enum Tampering {
    /// Sets a property.
    Set {
        /// A JSON pointer, as `/VersioningConfiguration/Status`. The level above it must be there.
        pointer: String,
        /// The new value.
        value: Value,
    },
    /// Deletes the resource.
    Delete,
}

/// Something in the account that no stack holds any more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftBehind {
    /// As `AWS::S3::Bucket`.
    pub resource_type: String,
    /// Its name in the account.
    pub physical_id: String,
}

impl World {
    /// Changes a resource of a stack in the account only.
    pub(super) fn tamper(&mut self, stack: &str, id: &str, tampering: &Tampering) -> Result<()> {
        let held = self.stack(stack)?.resources.get(id).cloned();
        let held = held.ok_or_else(|| no_resource(stack, id))?;
        let key = (held.resource_type, held.physical_id);
        match tampering {
            Tampering::Delete => drop(self.around.inventory.remove(&key)),
            Tampering::Set { pointer, value } => {
                let found = self.around.inventory.get_mut(&key);
                let found = found.ok_or_else(|| no_resource(stack, id))?;
                set(&mut found.properties, pointer, value)?;
            }
        }
        Ok(())
    }

    /// Resources of a stack that are not as it made them, by logical id.
    pub(super) fn drift(&self, stack: &str) -> Result<Vec<DriftedResource>> {
        let resources = self.stack(stack)?.resources.iter();
        let drifted = resources.filter_map(|(id, held)| {
            let key = (held.resource_type.clone(), held.physical_id.clone());
            let found = self.around.inventory.get(&key);
            let differences = match found {
                Some(found) => difference(id, held, &found.properties)?.causes,
                None => Vec::new(),
            };
            Some(DriftedResource {
                logical_id: id.clone(),
                resource_type: held.resource_type.clone(),
                deleted: found.is_none(),
                differences,
            })
        });
        Ok(drifted.collect())
    }

    /// What no stack holds.
    pub(super) fn left_behind(&self) -> Vec<LeftBehind> {
        let orphans = self.around.inventory.iter().filter(|(_, found)| found.stack.is_empty());
        orphans
            .map(|((resource_type, physical_id), _)| LeftBehind {
                resource_type: resource_type.clone(),
                physical_id: physical_id.clone(),
            })
            .collect()
    }
}

fn set(properties: &mut Value, pointer: &str, value: &Value) -> Result<()> {
    let invalid = || Error::invalid(format!("{pointer:?} leads to no property of the resource"));
    let (parent, name) = pointer.rsplit_once('/').ok_or_else(invalid)?;
    match properties.pointer_mut(parent) {
        Some(Value::Object(parent)) => {
            parent.insert(name.to_owned(), value.clone());
            Ok(())
        }
        _ => Err(invalid()),
    }
}

fn no_resource(stack: &str, id: &str) -> Error {
    Error::not_found(format!("stack {stack} holds no resource {id}: look at `sluice ls`"))
}
