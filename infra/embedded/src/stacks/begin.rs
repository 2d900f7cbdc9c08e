//! Beginning something that takes steps: what is to be done, in which order.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::stack::ChangeAction;
use domain::{Error, Result};
use infra::order;
use infra::stacks::{ChangeSet, StackStatus};
use infra::template::Resolved;
use jiff::Timestamp;

use super::state::{Kind, Made, Operation, Phase, StackState, Step};
use super::values::settle_imports;
use super::world::World;

impl World {
    /// Begins to carry a change set out. Conflict when an import has no export.
    pub(super) fn begin(&mut self, set: &ChangeSet, mut target: Made) -> Result<()> {
        let now = self.around.now;
        let exports = self.exports().into_iter().map(|one| (one.name, one.value)).collect();
        check_imports(&target.resolved, &exports)?;
        settle_imports(&mut target.resolved, &exports);
        let stack = self.stack_mut(&set.stack)?;
        let (kind, status) = match stack.made {
            None => (Kind::Create, StackStatus::CreateInProgress),
            Some(_) => (Kind::Update, StackStatus::UpdateInProgress),
        };
        let steps = forward_steps(set, &target.resolved)?;
        let leftovers = leaving_steps(stack, &target.resolved)?;
        stack.operation = Some(Operation {
            kind,
            phase: Phase::Forward,
            target: Some(target),
            steps,
            restores: Vec::new(),
            removals: Vec::new(),
            leftovers,
        });
        stack.due_at = Some(now);
        stack.become_status(status, None, now);
        Ok(())
    }
}

impl StackState {
    /// Begins to delete the stack; `retain` are resources to leave in the account.
    pub(super) fn begin_delete(&mut self, retain: &[String], now: Timestamp) -> Result<()> {
        let mut order = match &self.made {
            Some(made) => order::resources(&made.resolved)?,
            None => Vec::new(),
        };
        // What an update had made before it failed is in no template that was carried out.
        let known: BTreeSet<String> = order.iter().cloned().collect();
        order.extend(self.resources.keys().filter(|id| !known.contains(*id)).cloned());
        let mut steps = self.abandoned();
        steps.extend(order.iter().rev().filter_map(|id| {
            let held = self.resources.get(id)?;
            Some(held.removal(id, self.is_retained(id) || retain.contains(id)))
        }));
        self.operation = Some(Operation {
            kind: Kind::Delete,
            phase: Phase::Forward,
            target: None,
            steps,
            restores: Vec::new(),
            removals: Vec::new(),
            leftovers: Vec::new(),
        });
        self.due_at = Some(now);
        self.become_status(StackStatus::DeleteInProgress, None, now);
        Ok(())
    }

    /// Takes away what an update that could neither be made nor taken back has left in the account
    /// beside the resources that the stack holds: the old or the new one of a replacement.
    fn abandoned(&mut self) -> VecDeque<Step> {
        let Some(operation) = self.operation.take() else { return VecDeque::new() };
        let all = operation.steps.into_iter().chain(operation.removals.into_iter().rev());
        let removals = all.filter_map(|step| match step {
            Step::Restore { id, held } => {
                let retained = self.is_retained(&id);
                Some(held.removal(&id, retained))
            }
            Step::Delete { .. } => Some(step),
            Step::Make { .. } | Step::Change { .. } | Step::Replace { .. } => None,
        });
        let is_held = |step: &Step| match step {
            Step::Delete { id, resource_type, physical_id, .. } => {
                self.holds(id, &(resource_type.clone(), physical_id.clone()))
            }
            _ => false,
        };
        removals.filter(|step| !is_held(step)).collect()
    }

    /// Whether the template that the stack was made of keeps a resource.
    fn is_retained(&self, id: &str) -> bool {
        let resources = self.made.as_ref().map(|made| &made.resolved.resources);
        resources.and_then(|all| all.get(id)).is_some_and(|resource| resource.is_retained())
    }
}

/// Makes and changes, in the order in which resources need each other.
fn forward_steps(set: &ChangeSet, target: &Resolved) -> Result<VecDeque<Step>> {
    let actions: BTreeMap<&str, ChangeAction> =
        set.changes.iter().map(|change| (change.logical_id.as_str(), change.action)).collect();
    let steps =
        order::resources(target)?.into_iter().filter_map(|id| match actions.get(id.as_str())? {
            ChangeAction::Add => Some(Step::Make { id }),
            ChangeAction::Replace => Some(Step::Replace { id }),
            ChangeAction::Modify | ChangeAction::MayReplace => Some(Step::Change { id }),
            ChangeAction::Orphan | ChangeAction::Remove => None,
        });
    Ok(steps.collect())
}

/// Takes away what is no longer in the template, the other way round.
fn leaving_steps(stack: &StackState, target: &Resolved) -> Result<Vec<Step>> {
    let Some(made) = &stack.made else { return Ok(Vec::new()) };
    let leaving = order::resources(&made.resolved)?.into_iter().rev().filter_map(|id| {
        let held = stack.resources.get(&id)?;
        let leaves = !target.resources.contains_key(&id);
        leaves.then(|| held.removal(&id, stack.is_retained(&id)))
    });
    Ok(leaving.collect())
}

fn check_imports(target: &Resolved, exports: &BTreeMap<String, String>) -> Result<()> {
    let missing = target.imports.iter().filter(|name| !exports.contains_key(*name));
    let missing: Vec<&str> = missing.map(String::as_str).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::conflict(format!(
        "no stack exports {}: deploy the stack that does, then this one",
        missing.join(", ")
    )))
}
