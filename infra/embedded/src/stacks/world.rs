//! A simulated account: its stacks, and everything that is there.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Error, Result};
use infra::stacks::Export;
use infra::template::{Inputs, Resolved, Template};
use jiff::Timestamp;
use serde_json::Value;

use super::faults::Faults;
use super::state::StackState;
use crate::AccountRegion;

/// An account and region at one moment, as one transaction sees and changes it.
#[derive(Debug, Clone)]
pub(super) struct World {
    /// Stacks that are there, by name.
    pub(super) stacks: BTreeMap<String, StackState>,
    /// Everything beside stacks.
    pub(super) around: Around,
}

/// What steps of a stack see of the account beside stacks.
#[derive(Debug, Clone)]
pub(super) struct Around {
    pub(super) at: AccountRegion,
    pub(super) now: Timestamp,
    pub(super) faults: Faults,
    /// What is there, by type and physical id.
    pub(super) inventory: BTreeMap<(String, String), Found>,
}

/// Something that is in the account.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// The ARN of its stack; empty when no stack holds it.
    pub(super) stack: String,
    /// As it is, which is not always as its stack made it.
    pub(super) properties: Value,
}

/// What other stacks export and import, for one stack.
#[derive(Debug, Default)]
pub(super) struct Neighbours {
    /// Export -> the stack that has it.
    pub(super) exports: BTreeMap<String, String>,
    /// Export -> stacks that use it.
    pub(super) importers: BTreeMap<String, BTreeSet<String>>,
}

impl World {
    /// All exports, by name.
    pub(super) fn exports(&self) -> Vec<Export> {
        exports(&self.stacks)
    }

    /// What the other stacks export and import.
    pub(super) fn neighbours(&self, stack: &str) -> Neighbours {
        let mut neighbours = Neighbours::default();
        for other in self.stacks.values().filter(|other| other.name != stack) {
            for export in exports_of(other) {
                neighbours.exports.insert(export.name, other.name.clone());
            }
            for import in other.imports() {
                let users = neighbours.importers.entry(import.to_owned()).or_default();
                users.insert(other.name.clone());
            }
        }
        neighbours
    }

    /// The stack, or NotFound.
    pub(super) fn stack(&self, name: &str) -> Result<&StackState> {
        self.stacks.get(name).ok_or_else(|| missing(name))
    }

    /// The stack, or NotFound.
    pub(super) fn stack_mut(&mut self, name: &str) -> Result<&mut StackState> {
        self.stacks.get_mut(name).ok_or_else(|| missing(name))
    }

    /// Evaluates a template for a stack, with exports that are there now. `stored` are values of SSM
    /// parameters by name.
    pub(super) fn resolve(
        &self,
        template: &Template,
        stack: &StackState,
        parameters: &BTreeMap<String, String>,
        stored: &BTreeMap<String, String>,
    ) -> Result<Resolved> {
        let at = &self.around.at;
        let mut inputs = Inputs::new(at.account(), at.region(), &stack.name);
        inputs.parameters = parameters.clone();
        inputs.stack_id = Some(stack.arn.clone());
        inputs.zones = ["a", "b", "c"].map(|zone| format!("{}{zone}", at.region())).into();
        inputs.imports = self.exports().into_iter().map(|one| (one.name, one.value)).collect();
        inputs.stored = stored.clone();
        template.resolve(&inputs)
    }
}

impl Neighbours {
    /// Why a stack may not stop to export `name` as it does, if other stacks use it.
    pub(super) fn users_of(&self, name: &str) -> Option<String> {
        let users: Vec<&str> = self.importers.get(name)?.iter().map(String::as_str).collect();
        Some(users.join(", "))
    }
}

/// What stacks export, by name.
pub(super) fn exports(stacks: &BTreeMap<String, StackState>) -> Vec<Export> {
    let mut exports: Vec<Export> = stacks.values().flat_map(exports_of).collect();
    exports.sort_by(|one, other| one.name.cmp(&other.name));
    exports
}

fn exports_of(stack: &StackState) -> impl Iterator<Item = Export> {
    stack.outputs.values().filter_map(|output| {
        let name = output.export.clone()?;
        Some(Export { name, value: output.value.clone(), stack: stack.name.clone() })
    })
}

fn missing(name: &str) -> Error {
    Error::not_found(format!("there is no stack {name}: look at its name, or deploy it first"))
}
