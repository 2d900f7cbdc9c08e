//! Why a stack is not as it was to be.
//!
//! CloudFormation says of a stack that was rolled back only that it was: the cause is among the events.

use std::future::Future;
use std::pin::Pin;

use aws_sdk_cloudformation::types::{self, EventFilter, ResourceStatus};
use domain::{ErrorKind, Result};

use super::{CloudFormationStackService, MOST_NESTED, STACK, failed};

/// Pages of events that are searched: an operation on 500 resources fits.
const MOST_PAGES: usize = 30;

impl CloudFormationStackService {
    /// What the stack says of itself, and what failed first in its last operation.
    pub(super) async fn reason_of(&self, found: &types::Stack) -> Result<Option<String>> {
        let own = found.stack_status_reason().filter(|text| !text.is_empty()).map(str::to_owned);
        let first = self.first_failure(found.stack_id().unwrap_or_default(), 0).await?;
        let parts: Vec<_> = [first, own].into_iter().flatten().collect();
        Ok((!parts.is_empty()).then(|| parts.join("; ")))
    }

    async fn first_failure(&self, arn: &str, depth: usize) -> Result<Option<String>> {
        let mut first = None;
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let page = self.event_page(arn, token).await?;
            for event in page.stack_events() {
                if failure(event).is_some() {
                    first = Some(event.clone());
                }
                if begins_operation(event, arn) {
                    return self.tell(first, arn, depth).await;
                }
            }
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        self.tell(first, arn, depth).await
    }

    async fn tell(
        &self,
        event: Option<types::StackEvent>,
        arn: &str,
        depth: usize,
    ) -> Result<Option<String>> {
        let Some(event) = event else { return Ok(None) };
        let told = failure(&event);
        let of_stack = event.physical_resource_id() == Some(arn);
        if event.resource_type() == Some(STACK) && !of_stack && depth < MOST_NESTED {
            let inner = self.failure_within(event.physical_resource_id(), depth).await?;
            let id = event.logical_resource_id().unwrap_or_default();
            return Ok(inner.map(|inner| format!("{id}/{inner}")).or(told));
        }
        if of_stack && told.as_deref().is_some_and(|text| text.contains("DescribeEvents")) {
            let found = self.validation_failures(arn).await?;
            return Ok(found.or(told));
        }
        Ok(told)
    }

    /// What failed first in a nested stack, if it has an ARN and its events are still told.
    fn failure_within<'a>(
        &'a self,
        arn: Option<&'a str>,
        depth: usize,
    ) -> Pin<Box<dyn Future<Output = Result<Option<String>>> + Send + 'a>> {
        Box::pin(async move {
            let Some(arn) = arn.filter(|arn| arn.starts_with("arn:")) else { return Ok(None) };
            match self.first_failure(arn, depth + 1).await {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                found => found,
            }
        })
    }

    /// What CloudFormation found wrong before it made anything.
    async fn validation_failures(&self, arn: &str) -> Result<Option<String>> {
        let failures = EventFilter::builder().failed_events(true).build();
        let asked = self.client.describe_events().stack_name(arn).filters(failures);
        let mut pages = asked.into_paginator().send();
        let mut latest: Option<(Option<String>, Vec<String>)> = None;
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed(&format!("read why {arn} failed"), error))?;
            for event in page.operation_events() {
                let Some(reason) = event.validation_status_reason() else { continue };
                let operation = event.operation_id().map(str::to_owned);
                let (of, told) = latest.get_or_insert_with(|| (operation.clone(), Vec::new()));
                if *of == operation {
                    let id = event.logical_resource_id().unwrap_or_default();
                    told.push(format!("{id}: {reason}"));
                }
            }
        }
        Ok(latest.map(|(_, told)| told.join("; ")))
    }
}

/// What a failed event says. A resource that was only stopped because another failed is no cause.
fn failure(event: &types::StackEvent) -> Option<String> {
    let status = event.resource_status().map(ResourceStatus::as_str)?;
    let reason = event.resource_status_reason().unwrap_or_default();
    let is_cause = status.ends_with("_FAILED") && !reason.contains("cancelled");
    is_cause.then(|| format!("{}: {reason}", event.logical_resource_id().unwrap_or_default()))
}

fn begins_operation(event: &types::StackEvent, arn: &str) -> bool {
    let status = event.resource_status().map(ResourceStatus::as_str).unwrap_or_default();
    let begins = ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"];
    event.resource_type() == Some(STACK)
        && event.physical_resource_id() == Some(arn)
        && (begins.contains(&status) || status == "IMPORT_IN_PROGRESS")
}
