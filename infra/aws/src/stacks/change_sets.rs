//! Reading, discarding and executing change sets.

use std::future::Future;
use std::pin::Pin;
use std::time::Instant;

use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{self, ChangeSetStatus as TheirStatus, ExecutionStatus};
use domain::release::Digest;
use domain::stack::ResourceChange;
use domain::{Error, ErrorKind, Result};
use infra::stacks::{ChangeSet, ChangeSetKind, ChangeSetStatus, NextAction, StackStatus};

use super::prepare::Note;
use super::read::{parameter, status_of, tags};
use super::{CloudFormationStackService, MOST_NESTED, changes, failed, refusal};
use crate::time::told;

/// What CloudFormation says when nothing would change.
const SAYS_EMPTY: [&str; 2] = ["didn't contain changes", "No updates are to be performed"];

/// A change set, with what it was made for.
pub(super) struct Read {
    pub(super) set: ChangeSet,
    /// The fingerprint of the request, if Sluice made it.
    pub(super) request: Option<Digest>,
}

impl CloudFormationStackService {
    /// A change set by its ARN, or by its name and stack, once CloudFormation has prepared it.
    pub(super) async fn read_change_set(&self, arn: &str, stack: Option<&str>) -> Result<Read> {
        let (found, changes) = self.prepared(arn, stack).await?;
        let arn = found.change_set_id().unwrap_or(arn);
        let stack_arn = found.stack_id().unwrap_or_default();
        let name = found.stack_name().unwrap_or_default();
        let note = Note::in_description(found.description().unwrap_or_default());
        let (kind, status) = self.standing(&found, note.as_ref()).await?;
        let set = ChangeSet {
            arn: arn.to_owned(),
            name: found.change_set_name().unwrap_or_default().to_owned(),
            stack: name.to_owned(),
            stack_arn: stack_arn.to_owned(),
            kind,
            status,
            reason: found.status_reason().filter(|text| !text.is_empty()).map(str::to_owned),
            changes: changes::sorted(self.with_nested(changes, String::new(), 0).await?),
            template: self.template_of_change_set(arn).await?,
            parameters: found.parameters().iter().filter_map(parameter).collect(),
            tags: tags(found.tags()),
            created_at: told("a change set", found.creation_time())?,
        };
        Ok(Read { set, request: note.map(|note| note.request) })
    }

    /// Whether the change set makes its stack, and where it stands now.
    async fn standing(
        &self,
        found: &DescribeChangeSetOutput,
        note: Option<&Note>,
    ) -> Result<(ChangeSetKind, ChangeSetStatus)> {
        let stack = self.find(found.stack_name().unwrap_or_default()).await?;
        let stack = stack.filter(|stack| stack.stack_id() == found.stack_id());
        let in_review = match &stack {
            Some(stack) => status_of(stack)? == StackStatus::ReviewInProgress,
            None => false,
        };
        let kind = match note {
            Some(note) => note.kind,
            None if in_review => ChangeSetKind::Create,
            None => ChangeSetKind::Update,
        };
        let outdated = stack.is_none() || (kind == ChangeSetKind::Create && !in_review);
        match status(found) {
            // The stack was looked at later: what happened to it may have been this change set.
            ChangeSetStatus::Prepared if outdated => {
                let arn = found.change_set_id().unwrap_or_default();
                let status = match status(&self.page(arn, None, None).await?) {
                    ChangeSetStatus::Prepared => ChangeSetStatus::Obsolete,
                    status => status,
                };
                Ok((kind, status))
            }
            status => Ok((kind, status)),
        }
    }

    /// Waits until CloudFormation has prepared a change set; it and all pages of its changes.
    async fn prepared(
        &self,
        arn: &str,
        stack: Option<&str>,
    ) -> Result<(DescribeChangeSetOutput, Vec<types::ResourceChange>)> {
        let begun = Instant::now();
        let first = loop {
            let found = self.page(arn, stack, None).await?;
            match found.status() {
                Some(TheirStatus::CreatePending | TheirStatus::CreateInProgress) => {}
                Some(
                    TheirStatus::DeletePending
                    | TheirStatus::DeleteInProgress
                    | TheirStatus::DeleteComplete,
                ) => return Err(missing(arn)),
                _ => break found,
            }
            if begun.elapsed() > self.settings.patience {
                let message = format!("change set {arn} is still being prepared: try again later");
                return Err(Error::new(ErrorKind::Unavailable, message));
            }
            tokio::time::sleep(self.settings.look_every).await;
        };
        let mut changes: Vec<_> = resources(&first).collect();
        let mut token = first.next_token().map(str::to_owned);
        while token.is_some() {
            let page = self.page(arn, stack, token).await?;
            changes.extend(resources(&page));
            token = page.next_token;
        }
        Ok((first, changes))
    }

    async fn page(
        &self,
        arn: &str,
        stack: Option<&str>,
        token: Option<String>,
    ) -> Result<DescribeChangeSetOutput> {
        let asked = self
            .client
            .describe_change_set()
            .change_set_name(arn)
            .set_stack_name(stack.map(str::to_owned))
            .include_property_values(true)
            .set_next_token(token)
            .send()
            .await;
        let read = asked.map_err(|error| failed(&format!("read change set {arn}"), error));
        read.map_err(|error| match error.kind() {
            ErrorKind::NotFound => missing(arn).with_source(error),
            _ => error,
        })
    }

    /// Changes of a stack and of those nested in it, whose logical ids follow its own.
    fn with_nested(
        &self,
        changes: Vec<types::ResourceChange>,
        within: String,
        depth: usize,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<ResourceChange>>> + Send + '_>> {
        Box::pin(async move {
            let mut all = Vec::with_capacity(changes.len());
            for change in changes {
                let view = changes::view(&change, &within);
                if let Some(nested) = change.change_set_id().filter(|_| depth < MOST_NESTED) {
                    let (_, inner) = self.prepared(nested, None).await?;
                    let within = format!("{}/", view.logical_id);
                    all.extend(self.with_nested(inner, within, depth + 1).await?);
                }
                all.push(view);
            }
            Ok(all)
        })
    }

    pub(super) async fn discard_now(&self, arn: &str) -> Result<()> {
        let set = match self.read_change_set(arn, None).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            read => read?.set,
        };
        if set.status == ChangeSetStatus::Executed {
            return Err(Error::conflict(format!("change set {arn} was executed already")));
        }
        let asked = self.client.delete_change_set().change_set_name(arn).send().await;
        let discarded = asked.map_err(|error| failed(&format!("discard {arn}"), error));
        discarded.map(drop).or_else(Error::absent_as_empty)?;
        match self.find(&set.stack).await? {
            Some(stack) if status_of(&stack)? == StackStatus::ReviewInProgress => {
                self.take_away_never_made(&set.stack).await
            }
            _ => Ok(()),
        }
    }

    /// Takes a stack under review away that has no change set left.
    async fn take_away_never_made(&self, stack: &str) -> Result<()> {
        let mut pages = self.client.list_change_sets().stack_name(stack).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed(&format!("list change sets of {stack}"), error));
            if !page?.summaries().is_empty() {
                return Ok(());
            }
        }
        let delete = self.client.delete_stack().stack_name(stack);
        let delete = delete.set_role_arn(self.settings.service_role.clone()).send().await;
        delete.map_err(|error| failed(&format!("take away stack {stack}"), error))?;
        let begun = Instant::now();
        while begun.elapsed() < self.settings.patience && self.find(stack).await?.is_some() {
            tokio::time::sleep(self.settings.look_every).await;
        }
        Ok(())
    }

    pub(super) async fn execute_now(&self, arn: &str, token: &str) -> Result<()> {
        let set = self.read_change_set(arn, None).await?.set;
        match set.status {
            ChangeSetStatus::Executed => return Ok(()),
            ChangeSetStatus::Prepared => {}
            status => return Err(obsolete(arn, status)),
        }
        if let Some(stack) = self.find(&set.stack).await? {
            let status = status_of(&stack)?;
            if !matches!(status.next_action(), NextAction::Update | NextAction::Decide) {
                return self.unless_executed(arn, refusal(&set.stack, status)).await;
            }
        }
        let execute = self.once.execute_change_set().change_set_name(arn);
        let asked = execute.client_request_token(token).send().await;
        match asked.map_err(|error| failed(&format!("execute {arn}"), error)) {
            Ok(_) => Ok(()),
            // Nothing was done, or nobody knows: who called reads it back.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::Throttled | ErrorKind::Denied | ErrorKind::Unavailable
                ) =>
            {
                Err(error)
            }
            Err(error) => {
                self.unless_executed(arn, Error::conflict(error.message()).with_source(error)).await
            }
        }
    }

    /// The error, unless somebody else executes the same change set: that is why the stack is busy.
    async fn unless_executed(&self, arn: &str, error: Error) -> Result<()> {
        match self.read_change_set(arn, None).await?.set.status {
            ChangeSetStatus::Executed => Ok(()),
            ChangeSetStatus::Prepared => Err(error),
            status => Err(obsolete(arn, status)),
        }
    }
}

fn status(found: &DescribeChangeSetOutput) -> ChangeSetStatus {
    use ExecutionStatus::{Available, ExecuteComplete, ExecuteFailed, ExecuteInProgress, Obsolete};
    let says_empty = |text: &str| SAYS_EMPTY.iter().any(|words| text.contains(words));
    match (found.execution_status(), found.status()) {
        (Some(ExecuteInProgress | ExecuteComplete | ExecuteFailed), _) => ChangeSetStatus::Executed,
        (Some(Obsolete), _) => ChangeSetStatus::Obsolete,
        (Some(Available), Some(TheirStatus::CreateComplete)) => ChangeSetStatus::Prepared,
        _ if found.status_reason().is_some_and(says_empty) => ChangeSetStatus::Empty,
        _ => ChangeSetStatus::Failed,
    }
}

fn resources(page: &DescribeChangeSetOutput) -> impl Iterator<Item = types::ResourceChange> {
    page.changes().iter().filter_map(|change| change.resource_change().cloned())
}

fn missing(arn: &str) -> Error {
    Error::not_found(format!(
        "change set {arn} is not there any more, because it was discarded or the stack was changed: \
         plan anew and have the new plan approved"
    ))
}

fn obsolete(arn: &str, status: ChangeSetStatus) -> Error {
    Error::conflict(format!(
        "change set {arn} is {}: plan anew and have the new plan approved",
        status.as_str()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_a_change_set_is_told_apart() {
        use ChangeSetStatus::{Empty, Executed, Failed, Obsolete, Prepared};
        let empty =
            "The submitted information didn't contain changes. Submit different information.";
        let cases = [
            ("CREATE_COMPLETE", "AVAILABLE", "", Prepared),
            ("CREATE_COMPLETE", "EXECUTE_IN_PROGRESS", "", Executed),
            ("CREATE_COMPLETE", "EXECUTE_COMPLETE", "", Executed),
            ("CREATE_COMPLETE", "EXECUTE_FAILED", "", Executed),
            ("CREATE_COMPLETE", "OBSOLETE", "", Obsolete),
            ("CREATE_COMPLETE", "UNAVAILABLE", "", Failed),
            ("FAILED", "UNAVAILABLE", empty, Empty),
            ("FAILED", "UNAVAILABLE", "No updates are to be performed.", Empty),
            ("FAILED", "UNAVAILABLE", "Template error", Failed),
            ("DELETE_FAILED", "AVAILABLE", "", Failed),
        ];
        for (theirs, execution, reason, expected) in cases {
            let found = DescribeChangeSetOutput::builder()
                .status(theirs.into())
                .execution_status(execution.into())
                .status_reason(reason);
            assert_eq!(status(&found.build()), expected, "{theirs} {execution} {reason}");
        }
    }
}
