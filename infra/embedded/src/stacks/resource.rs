//! What steps do to single resources, in the stack and in the account.

use domain::stack::Recreation;
use domain::{Error, Result};
use infra::template::ResolvedResource;

use super::faults::FaultMoment;
use super::physical::{Origin, physical_id};
use super::state::{Held, Kind, Operation, Phase, StackState, Step};
use super::values::{difference, filled};
use super::world::{Around, Found};

/// Why a resource failed; `None` when it did not.
type Failure = Option<String>;

impl StackState {
    /// Carries one step out and tells of it. That values cannot be evaluated is a failure of the
    /// resource too, so that its stack is rolled back and does not stand still.
    pub(super) fn carry_out(
        &mut self,
        operation: &mut Operation,
        step: &Step,
        around: &mut Around,
    ) -> Failure {
        let outcome = match step {
            Step::Make { id } => self.make(operation, id, around),
            Step::Change { id } => self.change(operation, id, around),
            Step::Replace { id } => self.replace(operation, id, around),
            Step::Restore { id, held } => Ok(self.restore(id, held, around)),
            Step::Delete { id, resource_type, physical_id, retained } => {
                let key = (resource_type.clone(), physical_id.clone());
                Ok(self.delete(operation, id, key, *retained, around))
            }
        };
        outcome.unwrap_or_else(|error| Some(error.to_string()))
    }

    fn make(
        &mut self,
        operation: &mut Operation,
        id: &str,
        around: &mut Around,
    ) -> Result<Failure> {
        let resource = wanted(operation, id)?.clone();
        let held = self.new_held(id, &resource, 0, around)?;
        self.say(id, &held, "CREATE_IN_PROGRESS", None, around);
        if let Some(reason) = self.enter(id, &held, FaultMoment::Create, around) {
            self.say(id, &held, "CREATE_FAILED", Some(&reason), around);
            return Ok(Some(reason));
        }
        // `RetainExceptOnCreate` goes with the creation that failed, `Retain` stays even then.
        let retained = resource.deletion_policy.as_deref() == Some("Retain");
        operation.removals.push(held.removal(id, retained));
        self.say(id, &held, "CREATE_COMPLETE", None, around);
        self.resources.insert(id.to_owned(), Held { status: "CREATE_COMPLETE".to_owned(), ..held });
        Ok(None)
    }

    fn change(
        &mut self,
        operation: &mut Operation,
        id: &str,
        around: &mut Around,
    ) -> Result<Failure> {
        let resource = wanted(operation, id)?;
        let held = self.held(id)?.clone();
        let properties = filled(self, &around.at, &resource.properties)?;
        let Some(change) = difference(id, &held, &properties) else { return Ok(None) };
        if change.causes.iter().any(|cause| cause.recreation == Recreation::Always) {
            return self.replace(operation, id, around);
        }
        self.say(id, &held, "UPDATE_IN_PROGRESS", None, around);
        // One that failed half way is restored too.
        operation.restores.push(Step::Restore { id: id.to_owned(), held: held.clone() });
        let asked = around.faults.of(&self.name, id, FaultMoment::Update).map(str::to_owned);
        let key = (held.resource_type.clone(), held.physical_id.clone());
        let failure = match (asked, around.inventory.get_mut(&key)) {
            (Some(reason), _) => Some(reason),
            (None, None) => Some(format!("{} does not exist any more", held.physical_id)),
            (None, Some(found)) => {
                found.properties = properties.clone();
                None
            }
        };
        let status = if failure.is_some() { "UPDATE_FAILED" } else { "UPDATE_COMPLETE" };
        self.say(id, &held, status, failure.as_deref(), around);
        let properties = if failure.is_some() { held.properties.clone() } else { properties };
        self.hold(id, Held { properties, ..held }, status, around);
        Ok(failure)
    }

    fn replace(
        &mut self,
        operation: &mut Operation,
        id: &str,
        around: &mut Around,
    ) -> Result<Failure> {
        let resource = wanted(operation, id)?.clone();
        let old = self.held(id)?.clone();
        let new = self.new_held(id, &resource, old.generation + 1, around)?;
        let why = "the change needs a new resource".to_owned();
        self.say(id, &old, "UPDATE_IN_PROGRESS", Some(&why), around);
        if let Some(reason) = self.enter(id, &new, FaultMoment::Update, around) {
            self.say(id, &old, "UPDATE_FAILED", Some(&reason), around);
            return Ok(Some(reason));
        }
        let retained = resource.update_replace_policy.as_deref() == Some("Retain");
        operation.leftovers.push(old.removal(id, retained));
        operation.removals.push(new.removal(id, false));
        operation.restores.push(Step::Restore { id: id.to_owned(), held: old });
        self.say(id, &new, "UPDATE_COMPLETE", None, around);
        self.hold(id, new, "UPDATE_COMPLETE", around);
        Ok(None)
    }

    fn restore(&mut self, id: &str, held: &Held, around: &mut Around) -> Failure {
        self.say(id, held, "UPDATE_IN_PROGRESS", None, around);
        if let Some(reason) = around.faults.of(&self.name, id, FaultMoment::RollBack) {
            let reason = reason.to_owned();
            self.say(id, held, "UPDATE_FAILED", Some(&reason), around);
            return Some(reason);
        }
        let key = (held.resource_type.clone(), held.physical_id.clone());
        let found = Found { stack: self.arn.clone(), properties: held.properties.clone() };
        around.inventory.insert(key, found);
        self.say(id, held, "UPDATE_COMPLETE", None, around);
        self.hold(id, held.clone(), "UPDATE_COMPLETE", around);
        None
    }

    /// Takes a resource for restored without touching it.
    pub(super) fn believe(&mut self, id: &str, held: Held, around: &Around) {
        self.say(id, &held, "UPDATE_COMPLETE", Some("skipped in the rollback"), around);
        self.hold(id, held, "UPDATE_COMPLETE", around);
    }

    fn delete(
        &mut self,
        operation: &Operation,
        id: &str,
        key: (String, String),
        retained: bool,
        around: &mut Around,
    ) -> Failure {
        let told = |stack: &mut Self, status: &str, reason: Option<&str>| {
            let reason = reason.map(str::to_owned);
            stack.tell(id, Some(key.1.clone()), &key.0, status, reason, around.now);
        };
        let taken_back = operation.phase == Phase::RollBack;
        let moment = if taken_back { FaultMoment::RollBack } else { FaultMoment::Delete };
        if retained {
            told(self, "DELETE_SKIPPED", None);
            let_go(around, &key);
        } else {
            told(self, "DELETE_IN_PROGRESS", None);
            if let Some(reason) = around.faults.of(&self.name, id, moment).map(str::to_owned) {
                told(self, "DELETE_FAILED", Some(&reason));
                // What a clean-up cannot delete stays behind; else the stack still holds it.
                if operation.phase == Phase::CleanUp || !self.holds(id, &key) {
                    let_go(around, &key);
                    self.forget(id, &key);
                } else if operation.kind == Kind::Delete
                    && let Some(held) = self.resources.get_mut(id)
                {
                    held.status = "DELETE_FAILED".to_owned();
                }
                return Some(reason);
            }
            told(self, "DELETE_COMPLETE", None);
            around.inventory.remove(&key);
        }
        self.forget(id, &key);
        None
    }

    /// Whether a logical id stands for what `key` names, and not for another one by now.
    pub(super) fn holds(&self, id: &str, (resource_type, physical_id): &(String, String)) -> bool {
        self.resources.get(id).is_some_and(|held| {
            held.resource_type == *resource_type && held.physical_id == *physical_id
        })
    }

    /// No longer holds what `key` names, unless another one has taken the place of it.
    fn forget(&mut self, id: &str, key: &(String, String)) {
        if self.holds(id, key) {
            self.resources.remove(id);
        }
    }

    /// A resource as it would be made now.
    fn new_held(
        &self,
        id: &str,
        resource: &ResolvedResource,
        generation: u32,
        around: &Around,
    ) -> Result<Held> {
        let properties = filled(self, &around.at, &resource.properties)?;
        let origin = Origin {
            at: &around.at,
            stack_name: &self.name,
            stack_arn: &self.arn,
            logical_id: id,
            generation,
        };
        Ok(Held {
            physical_id: physical_id(&origin, &resource.resource_type, &properties),
            resource_type: resource.resource_type.clone(),
            status: String::new(),
            updated_at: around.now,
            properties,
            generation,
        })
    }

    /// Puts a new resource into the account; why that cannot be, if it cannot.
    fn enter(&self, id: &str, held: &Held, moment: FaultMoment, around: &mut Around) -> Failure {
        if let Some(reason) = around.faults.of(&self.name, id, moment) {
            return Some(reason.to_owned());
        }
        let key = (held.resource_type.clone(), held.physical_id.clone());
        if around.inventory.contains_key(&key) {
            return Some(format!(
                "{} already exists in the account: delete it there, or give the new one another \
                 name",
                held.physical_id
            ));
        }
        let found = Found { stack: self.arn.clone(), properties: held.properties.clone() };
        around.inventory.insert(key, found);
        None
    }

    fn held(&self, id: &str) -> Result<&Held> {
        let missing = || Error::internal(format!("stack {} holds no {id}", self.name));
        self.resources.get(id).ok_or_else(missing)
    }

    fn hold(&mut self, id: &str, held: Held, status: &str, around: &Around) {
        let held = Held { status: status.to_owned(), updated_at: around.now, ..held };
        self.resources.insert(id.to_owned(), held);
    }

    fn say(&mut self, id: &str, held: &Held, status: &str, reason: Option<&str>, around: &Around) {
        let physical_id = Some(held.physical_id.clone());
        let reason = reason.map(str::to_owned);
        self.tell(id, physical_id, &held.resource_type, status, reason, around.now);
    }
}

/// What the target says about a resource.
fn wanted<'a>(operation: &'a Operation, id: &str) -> Result<&'a ResolvedResource> {
    let target = operation.target.as_ref();
    let resource = target.and_then(|target| target.resolved.resources.get(id));
    resource.ok_or_else(|| Error::internal(format!("the template holds no {id}")))
}

/// Leaves a thing in the account, where no stack holds it any more.
fn let_go(around: &mut Around, key: &(String, String)) {
    if let Some(found) = around.inventory.get_mut(key) {
        found.stack.clear();
    }
}
