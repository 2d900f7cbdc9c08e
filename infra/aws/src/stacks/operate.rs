//! What can be done with a stack beside executing change sets.

use aws_sdk_cloudformation::types;
use domain::{Error, ErrorKind, Result};
use infra::stacks::{NextAction, StackOperation, StackStatus};

use super::read::status_of;
use super::{CloudFormationStackService, failed, refusal};

impl CloudFormationStackService {
    /// CloudFormation writes the token into the events of what was begun with it: that tells whether a
    /// repeated call is one. Protection has no events and is what the last call says.
    pub(super) async fn operate_now(
        &self,
        stack: &str,
        operation: &StackOperation,
        token: &str,
    ) -> Result<()> {
        let found = self.there(stack).await?;
        let arn = found.stack_id().unwrap_or_default();
        if self.was_begun(arn, token).await? {
            return Ok(());
        }
        check(stack, &found, operation)?;
        if let StackOperation::Delete { .. } = operation {
            self.check_exports(stack, &found).await?;
        }
        match self.begin(arn, operation, token).await {
            // The first of two attempts may have begun it, and its answer was lost.
            Err(error) if error.kind() != ErrorKind::Denied => {
                if self.was_begun(arn, token).await? { Ok(()) } else { Err(of_state(error)) }
            }
            begun => begun,
        }
    }

    async fn begin(&self, arn: &str, operation: &StackOperation, token: &str) -> Result<()> {
        let role = self.settings.service_role.clone();
        let client = &self.client;
        match operation {
            StackOperation::CancelUpdate => {
                let cancel = client.cancel_update_stack().stack_name(arn);
                let asked = cancel.client_request_token(token).send().await;
                asked
                    .map(drop)
                    .map_err(|error| failed(&format!("cancel the update of {arn}"), error))
            }
            StackOperation::RollBack { skip } => self.roll_back(arn, skip, token).await,
            StackOperation::Delete { retain } => {
                let delete = client.delete_stack().stack_name(arn).set_role_arn(role);
                let retain = (!retain.is_empty()).then(|| retain.clone());
                let delete = delete.set_retain_resources(retain).client_request_token(token);
                let asked = delete.send().await;
                asked.map(drop).map_err(|error| failed(&format!("delete stack {arn}"), error))
            }
            StackOperation::Protect { protected } => {
                let protect = client.update_termination_protection().stack_name(arn);
                let asked = protect.enable_termination_protection(*protected).send().await;
                asked.map(drop).map_err(|error| failed(&format!("protect stack {arn}"), error))
            }
        }
    }

    async fn roll_back(&self, arn: &str, skip: &[String], token: &str) -> Result<()> {
        let role = self.settings.service_role.clone();
        let doing = format!("roll stack {arn} back");
        if status_of(&self.there(arn).await?)? == StackStatus::UpdateFailed {
            let roll_back = self.client.rollback_stack().stack_name(arn).set_role_arn(role);
            let asked = roll_back.client_request_token(token).send().await;
            return asked.map(drop).map_err(|error| failed(&doing, error));
        }
        let go_on = self.client.continue_update_rollback().stack_name(arn).set_role_arn(role);
        let skip = (!skip.is_empty()).then(|| skip.to_vec());
        let go_on = go_on.set_resources_to_skip(skip).client_request_token(token);
        go_on.send().await.map(drop).map_err(|error| failed(&doing, error))
    }

    /// Whether something was begun with this token, as far as the latest events tell.
    async fn was_begun(&self, arn: &str, token: &str) -> Result<bool> {
        let page = self.event_page(arn, None).await?;
        Ok(page.stack_events().iter().any(|event| event.client_request_token() == Some(token)))
    }

    /// Conflict when another stack imports what this one exports.
    async fn check_exports(&self, stack: &str, found: &types::Stack) -> Result<()> {
        let exports = found.outputs().iter().filter_map(|output| output.export_name());
        for name in exports {
            let users = self.users_of(name).await?;
            if !users.is_empty() {
                return Err(Error::conflict(format!(
                    "stack {stack} exports {name}, which {} uses: delete that one first",
                    users.join(", ")
                )));
            }
        }
        Ok(())
    }

    /// Stacks that import an export.
    async fn users_of(&self, export: &str) -> Result<Vec<String>> {
        let mut pages = self.client.list_imports().export_name(export).into_paginator().send();
        let mut users = Vec::new();
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => users.extend(page.imports.unwrap_or_default()),
                // CloudFormation says that of an export that nobody imports.
                Err(error) if is_unused(&error) => break,
                Err(error) => return Err(failed(&format!("ask who imports {export}"), error)),
            }
        }
        Ok(users)
    }
}

fn is_unused<E, R>(error: &aws_sdk_cloudformation::error::SdkError<E, R>) -> bool
where
    E: aws_sdk_cloudformation::error::ProvideErrorMetadata,
{
    let message = aws_sdk_cloudformation::error::ProvideErrorMetadata::message(error);
    message.is_some_and(|message| message.contains("is not imported by any stack"))
}

/// Conflict when the state of the stack forbids the operation.
fn check(name: &str, found: &types::Stack, operation: &StackOperation) -> Result<()> {
    let status = status_of(found)?;
    let allowed = match operation {
        StackOperation::CancelUpdate => status == StackStatus::UpdateInProgress,
        StackOperation::RollBack { .. } => status.next_action() == NextAction::RollBack,
        StackOperation::Delete { retain } => {
            !status.is_in_progress() && (retain.is_empty() || status == StackStatus::DeleteFailed)
        }
        StackOperation::Protect { .. } => true,
    };
    let deletes = matches!(operation, StackOperation::Delete { .. });
    if deletes && found.enable_termination_protection().unwrap_or_default() {
        return Err(Error::conflict(format!(
            "stack {name} is protected against being deleted: take that back first"
        )));
    }
    if allowed { Ok(()) } else { Err(refusal(name, status)) }
}

/// CloudFormation calls a request invalid that comes at the wrong time; ours are valid.
fn of_state(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Invalid => Error::conflict(error.message()).with_source(error),
        _ => error,
    }
}
