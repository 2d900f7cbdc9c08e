//! Operations on stacks beside executing change sets.

use domain::{Error, Result};
use infra::stacks::{NextAction, StackOperation, StackStatus};

use super::state::StackState;
use super::world::{Neighbours, World};

impl World {
    /// Does or begins what is asked for, once for each token.
    pub(super) fn operate(
        &mut self,
        name: &str,
        operation: &StackOperation,
        token: &str,
    ) -> Result<()> {
        let neighbours = self.neighbours(name);
        let around = &self.around;
        let stack = self.stacks.get_mut(name);
        let stack = stack.ok_or_else(|| Error::not_found(format!("there is no stack {name}")))?;
        if stack.tokens.contains(token) {
            return Ok(());
        }
        match operation {
            StackOperation::CancelUpdate if stack.status == StackStatus::UpdateInProgress => {
                stack.cancel(around);
            }
            StackOperation::RollBack { skip }
                if stack.status.next_action() == NextAction::RollBack =>
            {
                stack.resume_rollback(skip, around);
            }
            StackOperation::Delete { retain } => {
                stack.check_deletion(retain, &neighbours)?;
                stack.begin_delete(retain, around.now)?;
            }
            StackOperation::Protect { protected } => {
                stack.protected = *protected;
                stack.updated_at = around.now;
            }
            StackOperation::CancelUpdate | StackOperation::RollBack { .. } => {
                return Err(stack.refusal());
            }
        }
        stack.tokens.insert(token.to_owned());
        Ok(())
    }
}

impl StackState {
    fn check_deletion(&self, retain: &[String], neighbours: &Neighbours) -> Result<()> {
        if self.protected {
            return Err(Error::conflict(format!(
                "stack {} is protected against being deleted: take that back first",
                self.name
            )));
        }
        let exports = self.outputs.values().filter_map(|output| output.export.as_deref());
        let used = exports.filter_map(|name| Some((name, neighbours.users_of(name)?))).next();
        if let Some((name, users)) = used {
            return Err(Error::conflict(format!(
                "stack {} exports {name}, which {users} uses: delete that one first",
                self.name
            )));
        }
        let retained_too_early = !retain.is_empty() && self.status != StackStatus::DeleteFailed;
        if self.status.is_in_progress() || retained_too_early {
            return Err(self.refusal());
        }
        Ok(())
    }

    fn refusal(&self) -> Error {
        let (name, status) = (&self.name, self.status);
        Error::conflict(format!("stack {name} is {status}: {}", status.advice()))
    }
}
