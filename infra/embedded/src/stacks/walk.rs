//! The walk of a stack through its statuses, one step at a time.
//!
//! What was begun is data: any process that finds it carries on with the next step, so that a crash
//! between two steps loses nothing.

use std::collections::BTreeMap;

use infra::stacks::{Output, StackStatus};

use super::state::{Kind, Operation, Phase, StackState, Step};
use super::values;
use super::world::{Around, Neighbours};

impl StackState {
    /// Carries out the next step of what is under way, or ends its phase when there is none left.
    pub(super) fn step(&mut self, around: &mut Around, neighbours: &Neighbours) {
        let Some(mut operation) = self.operation.take() else { return };
        let ended = match operation.steps.pop_front() {
            Some(step) => match self.carry_out(&mut operation, &step, around) {
                None => false,
                Some(reason) => self.step_failed(&mut operation, step, reason, around),
            },
            None => self.phase_done(&mut operation, around, neighbours),
        };
        if ended {
            self.due_at = None;
        }
        // A rollback that failed is kept: it can be carried on with.
        if !ended || self.status == StackStatus::UpdateRollbackFailed {
            self.operation = Some(operation);
        }
    }

    /// Turns an update back that is under way.
    pub(super) fn cancel(&mut self, around: &Around) {
        if let Some(mut operation) = self.operation.take() {
            self.turn_back(&mut operation, "somebody cancelled the update".to_owned(), around);
            self.operation = Some(operation);
        }
    }

    /// Goes on with a rollback that failed, leaving some resources as they are. The stack believes
    /// that those were changed back; where they were not, it has drifted.
    pub(super) fn resume_rollback(&mut self, skip: &[String], around: &Around) {
        let Some(mut operation) = self.operation.take() else { return };
        let is_skipped = |step: &Step| skip.iter().any(|id| id == step.id());
        let (skipped, steps) = operation.steps.drain(..).partition::<Vec<_>, _>(is_skipped);
        operation.steps = steps.into();
        for step in skipped {
            if let Step::Restore { id, held } = step {
                self.believe(&id, held, around);
            }
        }
        self.operation = Some(operation);
        self.due_at = Some(around.now);
        self.become_status(StackStatus::UpdateRollbackInProgress, None, around.now);
    }

    /// What follows from a step that failed; whether the operation ends with it.
    fn step_failed(
        &mut self,
        operation: &mut Operation,
        step: Step,
        reason: String,
        around: &Around,
    ) -> bool {
        let id = step.id().to_owned();
        match (operation.phase, operation.kind) {
            (Phase::CleanUp, _) | (_, Kind::Delete) => false,
            (Phase::Forward, _) => {
                self.turn_back(operation, format!("{id} failed: {reason}"), around);
                false
            }
            (Phase::RollBack, kind) => {
                let status = match kind {
                    Kind::Create | Kind::Delete => StackStatus::RollbackFailed,
                    Kind::Update => StackStatus::UpdateRollbackFailed,
                };
                operation.steps.push_front(step);
                let reason = format!("{id} could not be rolled back: {reason}");
                self.become_status(status, Some(reason), around.now);
                true
            }
        }
    }

    /// Begins the rollback.
    fn turn_back(&mut self, operation: &mut Operation, reason: String, around: &Around) {
        operation.phase = Phase::RollBack;
        let (steps, status) = match operation.kind {
            Kind::Update => (&mut operation.restores, StackStatus::UpdateRollbackInProgress),
            Kind::Create | Kind::Delete => {
                (&mut operation.removals, StackStatus::RollbackInProgress)
            }
        };
        operation.steps = steps.drain(..).rev().collect();
        self.become_status(status, Some(reason), around.now);
    }

    /// What follows when nothing is left to do in a phase; whether the operation ends with it.
    fn phase_done(
        &mut self,
        operation: &mut Operation,
        around: &Around,
        neighbours: &Neighbours,
    ) -> bool {
        let now = around.now;
        // Why it was rolled back stays readable when that is done.
        let reason = self.reason.clone();
        match (operation.phase, operation.kind) {
            (Phase::Forward, Kind::Delete) => {
                self.deletion_done(around);
                return true;
            }
            (Phase::Forward, kind) => {
                return self.all_made(operation, kind, around, neighbours);
            }
            (Phase::RollBack, Kind::Update) => {
                operation.phase = Phase::CleanUp;
                operation.steps = operation.removals.drain(..).rev().collect();
                let status = StackStatus::UpdateRollbackCompleteCleanupInProgress;
                self.become_status(status, reason, now);
                return false;
            }
            (Phase::RollBack, Kind::Create | Kind::Delete) => {
                self.become_status(StackStatus::RollbackComplete, reason, now);
            }
            (Phase::CleanUp, _) => {
                let status = match self.status {
                    StackStatus::UpdateCompleteCleanupInProgress => StackStatus::UpdateComplete,
                    _ => StackStatus::UpdateRollbackComplete,
                };
                self.become_status(status, reason, now);
            }
        }
        true
    }

    /// All resources are as the template says: the outputs follow, unless other stacks forbid it.
    fn all_made(
        &mut self,
        operation: &mut Operation,
        kind: Kind,
        around: &Around,
        neighbours: &Neighbours,
    ) -> bool {
        let Some(target) = &operation.target else { return true };
        let outputs = values::outputs(self, &around.at, &target.resolved)
            .map_err(|error| error.to_string())
            .and_then(|outputs| {
                refused(&self.outputs, &outputs, neighbours).map_or(Ok(outputs), Err)
            });
        let outputs = match outputs {
            Ok(outputs) => outputs,
            Err(reason) => {
                self.turn_back(operation, reason, around);
                return false;
            }
        };
        self.outputs = outputs;
        self.made = operation.target.take();
        if kind == Kind::Create {
            self.become_status(StackStatus::CreateComplete, None, around.now);
            return true;
        }
        operation.phase = Phase::CleanUp;
        operation.steps = operation.leftovers.drain(..).collect();
        let status = StackStatus::UpdateCompleteCleanupInProgress;
        self.become_status(status, None, around.now);
        false
    }

    fn deletion_done(&mut self, around: &Around) {
        if self.resources.is_empty() {
            self.outputs.clear();
            return self.become_status(StackStatus::DeleteComplete, None, around.now);
        }
        let left: Vec<&str> = self.resources.keys().map(String::as_str).collect();
        let reason = format!("these could not be deleted: {}", left.join(", "));
        self.become_status(StackStatus::DeleteFailed, Some(reason), around.now);
    }
}

/// Why outputs may not become others: an export is in use, or its name is taken.
fn refused(
    before: &BTreeMap<String, Output>,
    after: &BTreeMap<String, Output>,
    neighbours: &Neighbours,
) -> Option<String> {
    let new = exports(after);
    for (name, value) in exports(before) {
        let Some(users) = neighbours.users_of(name) else { continue };
        match new.get(name) {
            None => {
                return Some(format!("export {name} cannot be deleted: it is in use by {users}"));
            }
            Some(other) if *other != value => {
                return Some(format!("export {name} cannot be updated: it is in use by {users}"));
            }
            Some(_) => {}
        }
    }
    let taken = new.keys().find_map(|name| Some((name, neighbours.exports.get(*name)?)));
    taken.map(|(name, stack)| format!("export {name} is already exported by stack {stack}"))
}

fn exports(outputs: &BTreeMap<String, Output>) -> BTreeMap<&str, &str> {
    let export = |output: &'_ Output| output.export.is_some();
    let exported = outputs.values().filter(|output| export(output));
    exported.filter_map(|output| Some((output.export.as_deref()?, output.value.as_str()))).collect()
}
