//! Reading stacks.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudformation::operation::describe_stack_events::DescribeStackEventsOutput;
use aws_sdk_cloudformation::types::{self, StackStatus as TheirStatus, TemplateStage};
use domain::release::Digest;
use domain::{Error, ErrorKind, Result};
use futures::{StreamExt, TryStreamExt};
use infra::stacks::{
    Export, Output, Stack, StackEvent, StackResource, StackStatus, template_digest,
};

use super::{CloudFormationStackService, failed, missing_stack};
use crate::time::told;

/// Stacks that are read at the same time.
const AT_ONCE: usize = 4;

impl CloudFormationStackService {
    /// The stack of a name or ARN, if it was not deleted.
    pub(super) async fn find(&self, stack: &str) -> Result<Option<types::Stack>> {
        let asked = self.client.describe_stacks().stack_name(stack).send().await;
        match asked.map_err(|error| failed(&format!("describe stack {stack}"), error)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            found => {
                let mut stacks = found?.stacks.unwrap_or_default();
                stacks.retain(|found| status_of(found).ok() != Some(StackStatus::DeleteComplete));
                Ok(stacks.pop())
            }
        }
    }

    /// The stack. NotFound when there is none.
    pub(super) async fn there(&self, stack: &str) -> Result<types::Stack> {
        self.find(stack).await?.ok_or_else(|| missing_stack(stack))
    }

    pub(super) async fn view(&self, found: types::Stack) -> Result<Stack> {
        let status = status_of(&found)?;
        let template = self.template_of(&found).await?.map(|text| template_digest(&text));
        let reason = match status.is_failure() {
            true => self.reason_of(&found).await?,
            false => found.stack_status_reason().filter(|text| !text.is_empty()).map(str::to_owned),
        };
        let pairs = found.parameters().iter();
        let changed = found.last_updated_time().or(found.creation_time());
        Ok(Stack {
            name: found.stack_name().unwrap_or_default().to_owned(),
            arn: found.stack_id().unwrap_or_default().to_owned(),
            status,
            reason,
            parameters: pairs.filter_map(parameter).collect(),
            outputs: found.outputs().iter().filter_map(output).collect(),
            tags: tags(found.tags()),
            template,
            protected: found.enable_termination_protection().unwrap_or_default(),
            updated_at: told("a stack", changed)?,
        })
    }

    /// The text that a stack was made of last; of one under review nothing was made.
    pub(super) async fn template_of(&self, found: &types::Stack) -> Result<Option<String>> {
        if status_of(found)? == StackStatus::ReviewInProgress {
            return Ok(None);
        }
        let arn = found.stack_id().unwrap_or_default();
        let asked = self.client.get_template().stack_name(arn);
        let asked = asked.template_stage(TemplateStage::Original).send().await;
        let read = asked.map_err(|error| failed(&format!("read the template of {arn}"), error))?;
        Ok(read.template_body)
    }

    /// The digest of the template of a change set.
    pub(super) async fn template_of_change_set(&self, arn: &str) -> Result<Digest> {
        let asked = self.client.get_template().change_set_name(arn);
        let asked = asked.template_stage(TemplateStage::Original).send().await;
        let read = asked.map_err(|error| failed(&format!("read the template of {arn}"), error))?;
        Ok(template_digest(&read.template_body.unwrap_or_default()))
    }

    /// All stacks of the account are listed without what they hold; those that are asked for are then
    /// described one by one, because a role may read its own ones only.
    pub(super) async fn list_now(&self, prefix: &str) -> Result<Vec<Stack>> {
        let there = StackStatus::ALL.into_iter().filter(|it| *it != StackStatus::DeleteComplete);
        let there = there.map(|status| TheirStatus::from(status.as_str())).collect();
        let pages = self.client.list_stacks().set_stack_status_filter(Some(there));
        let mut pages = pages.into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed("list stacks", error))?;
            let roots = page.stack_summaries().iter().filter(|one| one.parent_id().is_none());
            let found = roots.filter_map(|one| one.stack_name());
            names.extend(found.filter(|name| name.starts_with(prefix)).map(str::to_owned));
        }
        names.sort_unstable();
        names.dedup();
        let described =
            futures::stream::iter(names).map(async |name| match self.find(&name).await? {
                Some(found) => self.view(found).await.map(Some),
                None => Ok::<_, Error>(None),
            });
        let described: Vec<_> = described.buffered(AT_ONCE).try_collect().await?;
        Ok(described.into_iter().flatten().collect())
    }

    pub(super) async fn resources_now(&self, stack: &str) -> Result<Vec<StackResource>> {
        let found = self.there(stack).await?;
        let arn = found.stack_id().unwrap_or_default();
        let mut pages = self.client.list_stack_resources().stack_name(arn).into_paginator().send();
        let mut resources = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed(&format!("list resources of {stack}"), error));
            for held in page?.stack_resource_summaries.unwrap_or_default() {
                resources.extend(resource(&held)?);
            }
        }
        resources.sort_by(|one, other| one.logical_id.cmp(&other.logical_id));
        Ok(resources)
    }

    /// CloudFormation tells the newest first: pages are read until the event that is known.
    pub(super) async fn events_now(
        &self,
        stack: &str,
        after: Option<&str>,
    ) -> Result<Vec<StackEvent>> {
        // A name may mean a deleted stack to CloudFormation; an ARN means exactly one.
        let arn = match stack.starts_with("arn:") {
            true => stack.to_owned(),
            false => self.there(stack).await?.stack_id.unwrap_or_default(),
        };
        let mut events = Vec::new();
        // What happens while pages are read may move events onto the next page.
        let mut seen = BTreeSet::new();
        let mut token = None;
        loop {
            let page = self.event_page(&arn, token).await?;
            for event in page.stack_events() {
                if !seen.insert(event.event_id().map(str::to_owned)) {
                    continue;
                }
                if after.is_some_and(|after| event.event_id() == Some(after)) {
                    events.reverse();
                    return Ok(events);
                }
                events.push(view_event(event)?);
            }
            token = page.next_token;
            if token.is_none() {
                events.reverse();
                return Ok(events);
            }
        }
    }

    /// A page of events, the newest first.
    pub(super) async fn event_page(
        &self,
        arn: &str,
        token: Option<String>,
    ) -> Result<DescribeStackEventsOutput> {
        let asked = self.client.describe_stack_events().stack_name(arn).set_next_token(token);
        let asked = asked.send().await;
        asked.map_err(|error| failed(&format!("read the events of stack {arn}"), error))
    }

    pub(super) async fn exports_now(&self) -> Result<Vec<Export>> {
        let mut pages = self.client.list_exports().into_paginator().send();
        let mut exports = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed("list exports", error))?;
            exports.extend(page.exports().iter().map(|export| Export {
                name: export.name().unwrap_or_default().to_owned(),
                value: export.value().unwrap_or_default().to_owned(),
                stack: stack_in(export.exporting_stack_id().unwrap_or_default()).to_owned(),
            }));
        }
        exports.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(exports)
    }
}

pub(super) fn status_of(found: &types::Stack) -> Result<StackStatus> {
    let status = found.stack_status().map(TheirStatus::as_str).unwrap_or_default();
    let about = |error: Error| error.context(found.stack_name().unwrap_or_default().to_owned());
    status.parse().map_err(about)
}

pub(super) fn parameter(pair: &types::Parameter) -> Option<(String, String)> {
    Some((pair.parameter_key()?.to_owned(), pair.parameter_value().unwrap_or_default().to_owned()))
}

pub(super) fn tags(tags: &[types::Tag]) -> BTreeMap<String, String> {
    let pair = |tag: &types::Tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()));
    tags.iter().filter_map(pair).collect()
}

fn output(found: &types::Output) -> Option<(String, Output)> {
    let export = found.export_name().map(str::to_owned);
    let value = found.output_value().unwrap_or_default().to_owned();
    Some((found.output_key()?.to_owned(), Output { value, export }))
}

/// A resource that the stack has now.
fn resource(held: &types::StackResourceSummary) -> Result<Option<StackResource>> {
    let status = held.resource_status().map(|status| status.as_str()).unwrap_or_default();
    // CloudFormation goes on telling of what is gone until the stack changes again.
    if matches!(status, "DELETE_COMPLETE" | "DELETE_SKIPPED") {
        return Ok(None);
    }
    let logical_id = held.logical_resource_id().unwrap_or_default().to_owned();
    Ok(Some(StackResource {
        updated_at: told(&format!("resource {logical_id}"), held.last_updated_timestamp())?,
        physical_id: given(held.physical_resource_id()),
        resource_type: held.resource_type().unwrap_or_default().to_owned(),
        status: status.to_owned(),
        logical_id,
    }))
}

fn view_event(event: &types::StackEvent) -> Result<StackEvent> {
    Ok(StackEvent {
        id: event.event_id().unwrap_or_default().to_owned(),
        at: told("an event", event.timestamp())?,
        logical_id: event.logical_resource_id().unwrap_or_default().to_owned(),
        physical_id: given(event.physical_resource_id()),
        resource_type: event.resource_type().unwrap_or_default().to_owned(),
        status: event
            .resource_status()
            .map(|status| status.as_str())
            .unwrap_or_default()
            .to_owned(),
        reason: given(event.resource_status_reason()),
    })
}

/// What is there and not empty.
fn given(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The name in the ARN of a stack: `arn:…:stack/<name>/<id>`.
fn stack_in(arn: &str) -> &str {
    arn.split('/').nth(1).unwrap_or(arn)
}
