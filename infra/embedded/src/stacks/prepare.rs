//! Preparing change sets: what a template would do to a stack.

use std::collections::BTreeMap;

use domain::{Error, Result};
use infra::stacks::{
    ChangeSet, ChangeSetKind, ChangeSetRequest, ChangeSetStatus, NextAction, template_digest,
};
use infra::template::{Resolved, Template};
use infra::{diff, order};
use uuid::Uuid;

use super::state::StackState;
use super::store::KeptChangeSet;
use super::world::World;

impl World {
    /// The stack that a change set is prepared for; a new name becomes a stack under review.
    /// Conflict when its status allows no change set.
    pub(super) fn stack_to_change(&mut self, name: &str) -> Result<&StackState> {
        let (at, now) = (&self.around.at, self.around.now);
        let arn = || arn(at.region(), at.account(), &format!("stack/{name}"));
        let stack = self.stacks.entry(name.to_owned());
        let stack = stack.or_insert_with(|| StackState::new(name, arn(), now));
        match stack.status.next_action() {
            NextAction::Update | NextAction::Decide => Ok(stack),
            _ => Err(Error::conflict(format!(
                "stack {name} is {}: {}",
                stack.status,
                stack.status.advice()
            ))),
        }
    }

    /// The change set that comes of a request. `stored` are values of SSM parameters by name.
    pub(super) fn compare(
        &self,
        request: &ChangeSetRequest,
        template: &Template,
        stored: &BTreeMap<String, String>,
    ) -> Result<KeptChangeSet> {
        let stack = self.stack(&request.stack)?;
        let after = self.resolve(template, stack, &request.parameters, stored)?;
        order::resources(&after)?;
        let before = stack.made.as_ref().map(|made| {
            let ids = stack.resources.iter();
            let ids = ids.map(|(id, held)| (id.clone(), held.physical_id.clone())).collect();
            made.resolved.clone().with_physical_ids(&ids)
        });
        let changes = diff::compare(before.as_ref(), Some(&after));
        let tags_differ = stack.made.as_ref().is_some_and(|made| made.tags != request.tags);
        let is_empty = changes.is_empty() && !tags_differ && same_face(before.as_ref(), &after);
        let (status, reason) = match is_empty {
            true => (ChangeSetStatus::Empty, Some("nothing would change".to_owned())),
            false => (ChangeSetStatus::Prepared, self.open_imports(&after)),
        };
        let at = &self.around.at;
        let view = ChangeSet {
            arn: arn(at.region(), at.account(), &format!("changeSet/{}", request.token)),
            name: request.token.clone(),
            stack: stack.name.clone(),
            stack_arn: stack.arn.clone(),
            kind: match stack.made {
                None => ChangeSetKind::Create,
                Some(_) => ChangeSetKind::Update,
            },
            status,
            reason,
            changes,
            template: template_digest(&request.template),
            parameters: after.parameters.clone(),
            tags: request.tags.clone(),
            created_at: self.around.now,
        };
        let template = request.template.clone();
        Ok(KeptChangeSet {
            view,
            request: request.fingerprint().to_string(),
            template,
            resolved: after,
        })
    }

    /// What has to be deployed before the change set can be executed.
    fn open_imports(&self, after: &Resolved) -> Option<String> {
        let exports = self.exports();
        let open = |name: &&String| !exports.iter().any(|export| export.name == **name);
        let open: Vec<&str> = after.imports.iter().filter(open).map(String::as_str).collect();
        (!open.is_empty())
            .then(|| format!("deploy the stack that exports {} first", open.join(", ")))
    }
}

/// Whether outputs and parameters are as before.
fn same_face(before: Option<&Resolved>, after: &Resolved) -> bool {
    before.is_some_and(|before| {
        before.outputs == after.outputs && before.parameters == after.parameters
    })
}

/// An ARN of CloudFormation that was never given before.
fn arn(region: &str, account: &str, what: &str) -> String {
    format!("arn:aws:cloudformation:{region}:{account}:{what}/{}", Uuid::now_v7().hyphenated())
}
