//! Looking for resources that are not as their stack made them.

use std::pin::Pin;
use std::time::Instant;

use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::{
    self, StackDriftDetectionStatus as Detection, StackResourceDriftStatus as Drift,
};
use domain::stack::{DriftedResource, PropertyChange};
use domain::{Error, ErrorKind, Result};
use infra::resource_types::recreation;
use infra::stacks::{StackResource, StackStatus};
use serde::Deserialize;

use super::changes::as_json;
use super::read::status_of;
use super::{CloudFormationStackService, MOST_NESTED, STACK, failed, refusal};

impl CloudFormationStackService {
    pub(super) async fn drift_now(&self, stack: &str) -> Result<Vec<DriftedResource>> {
        let mut drifted = self.drift_within(stack.to_owned(), String::new(), 0).await?;
        drifted.sort_by(|one, other| one.logical_id.cmp(&other.logical_id));
        Ok(drifted)
    }

    /// Drift of a stack and of those nested in it, whose logical ids follow its own: CloudFormation
    /// looks at one stack at a time.
    fn drift_within(
        &self,
        stack: String,
        within: String,
        depth: usize,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<DriftedResource>>> + Send + '_>> {
        Box::pin(async move {
            let found = self.there(&stack).await?;
            let status = status_of(&found)?;
            if status == StackStatus::ReviewInProgress {
                return Ok(Vec::new());
            }
            if !can_be_looked_at(status) {
                return Err(refusal(&stack, status));
            }
            let arn = found.stack_id().unwrap_or_default();
            let resources = self.resources_now(arn).await?;
            let unread = self.detect(arn).await?;
            let mut drifted = self.told_of(arn).await?;
            let name = found.stack_name().unwrap_or_default();
            for resource in unread.iter().flat_map(|reason| not_read(reason, name, &resources)) {
                if drifted.iter().all(|told| told.logical_id != resource.logical_id) {
                    drifted.push(resource);
                }
            }
            for one in &mut drifted {
                one.logical_id.insert_str(0, &within);
            }
            for nested in resources.into_iter().filter(|one| one.resource_type == STACK) {
                let id = format!("{within}{}", nested.logical_id);
                drifted.extend(self.drift_of_nested(nested.physical_id, id, depth + 1).await?);
            }
            Ok(drifted)
        })
    }

    /// Drift of a nested stack. One that is gone, or stuck, is itself drift of the stack it is in.
    async fn drift_of_nested(
        &self,
        arn: Option<String>,
        id: String,
        depth: usize,
    ) -> Result<Vec<DriftedResource>> {
        let Some(arn) = arn.filter(|_| depth <= MOST_NESTED) else {
            return Ok(vec![DriftedResource::not_compared(id, STACK)]);
        };
        match self.drift_within(arn, format!("{id}/"), depth).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(vec![DriftedResource {
                logical_id: id,
                resource_type: STACK.to_owned(),
                deleted: true,
                differences: Vec::new(),
            }]),
            Err(error) if error.kind() == ErrorKind::Conflict => {
                Ok(vec![DriftedResource::not_compared(id, STACK)])
            }
            found => found,
        }
    }

    /// What CloudFormation found out when it looked last.
    async fn told_of(&self, arn: &str) -> Result<Vec<DriftedResource>> {
        let filters = [Drift::Modified, Drift::Deleted, Drift::UnknownValue];
        let asked = self.client.describe_stack_resource_drifts().stack_name(arn);
        let asked = asked.set_stack_resource_drift_status_filters(Some(filters.into()));
        let mut pages = asked.into_paginator().send();
        let mut drifted = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed(&format!("read the drift of {arn}"), error))?;
            drifted.extend(page.stack_resource_drifts().iter().map(view));
        }
        Ok(drifted)
    }

    /// Has CloudFormation look, and waits until it has. What it says when it could not look at all
    /// resources.
    async fn detect(&self, arn: &str) -> Result<Option<String>> {
        let doing = format!("look for drift of {arn}");
        let begun = Instant::now();
        let late = || {
            let message = format!("cannot {doing}: it takes too long, try again later");
            Err(Error::new(ErrorKind::Unavailable, message))
        };
        let id = loop {
            let asked = self.client.detect_stack_drift().stack_name(arn).send().await;
            match asked {
                // Somebody else looks, or we do and the answer was lost: the next look is ours.
                Err(error) if is_under_way(&error) => {}
                asked => {
                    let asked = asked.map_err(|error| failed(&doing, error))?;
                    break asked.stack_drift_detection_id.unwrap_or_default();
                }
            }
            if begun.elapsed() > self.settings.patience {
                return late();
            }
            tokio::time::sleep(self.settings.look_every).await;
        };
        loop {
            let look = self.client.describe_stack_drift_detection_status();
            let look = look.stack_drift_detection_id(&id).send().await;
            let look = look.map_err(|error| failed(&doing, error))?;
            match look.detection_status() {
                Some(Detection::DetectionInProgress) => {}
                Some(Detection::DetectionFailed) => {
                    return Ok(Some(look.detection_status_reason.unwrap_or_default()));
                }
                _ => return Ok(None),
            }
            if begun.elapsed() > self.settings.patience {
                return late();
            }
            tokio::time::sleep(self.settings.look_every).await;
        }
    }
}

fn is_under_way(error: &impl ProvideErrorMetadata) -> bool {
    error.message().is_some_and(|message| message.contains("already in progress"))
}

/// Why CloudFormation could not look at a resource, as it says of a detection that failed.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Failures {
    failures: Vec<Failure>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Failure {
    resource: String,
}

/// The resources that CloudFormation could not look at: it leaves them out where it tells of drift, and
/// nobody is to take them for being as they were. The stack itself where it does not say which.
fn not_read(reason: &str, stack: &str, resources: &[StackResource]) -> Vec<DriftedResource> {
    tracing::warn!(stack, reason, "drift of a stack could not be told");
    let named = serde_json::from_str::<Failures>(reason).map(|found| found.failures);
    let find = |named: &Failure| {
        let found = resources.iter().find(|one| {
            one.logical_id == named.resource
                || one.physical_id.as_deref() == Some(named.resource.as_str())
        })?;
        Some(DriftedResource::not_compared(&found.logical_id, &found.resource_type))
    };
    let found: Option<Vec<_>> = named.unwrap_or_default().iter().map(find).collect();
    match found {
        Some(found) if !found.is_empty() => found,
        _ => vec![DriftedResource::not_compared(stack, STACK)],
    }
}

/// Where CloudFormation looks for drift.
fn can_be_looked_at(status: StackStatus) -> bool {
    use StackStatus::{
        CreateComplete, ImportComplete, ImportRollbackComplete, UpdateComplete,
        UpdateRollbackComplete, UpdateRollbackFailed,
    };
    matches!(
        status,
        CreateComplete
            | UpdateComplete
            | UpdateRollbackComplete
            | UpdateRollbackFailed
            | ImportComplete
            | ImportRollbackComplete
    )
}

fn view(found: &types::StackResourceDrift) -> DriftedResource {
    let resource_type = found.resource_type().unwrap_or_default().to_owned();
    let logical_id = found.logical_resource_id().unwrap_or_default().to_owned();
    if found.stack_resource_drift_status() == Some(&Drift::UnknownValue) {
        let reason = found.drift_status_reason();
        tracing::warn!(resource = logical_id, reason, "drift of a resource could not be told");
        return DriftedResource::not_compared(logical_id, resource_type);
    }
    let differences = found.property_differences().iter();
    let mut differences: Vec<_> = differences.map(|one| difference(&resource_type, one)).collect();
    differences.sort_by(|one, other| one.path.cmp(&other.path));
    DriftedResource {
        deleted: found.stack_resource_drift_status() == Some(&Drift::Deleted),
        logical_id,
        differences,
        resource_type,
    }
}

fn difference(resource_type: &str, found: &types::PropertyDifference) -> PropertyChange {
    let path = found.property_path().unwrap_or_default().trim_start_matches('/');
    let parts: Vec<_> = path.split('/').map(str::to_owned).collect();
    let there = |value: Option<&str>| value.filter(|value| *value != "null").map(as_json);
    PropertyChange {
        path: format!("Properties.{}", parts.join(".")),
        before: there(found.expected_value()),
        after: there(found.actual_value()),
        recreation: recreation(resource_type, &parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(logical_id: &str, physical_id: &str) -> StackResource {
        StackResource {
            logical_id: logical_id.to_owned(),
            physical_id: Some(physical_id.to_owned()),
            resource_type: "AWS::S3::Bucket".to_owned(),
            status: "CREATE_COMPLETE".to_owned(),
            updated_at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn what_could_not_be_read_is_never_taken_for_unchanged() {
        let resources = [resource("Raw", "dev-raw"), resource("Policy", "dev-policy")];
        let bucket = |id: &str| DriftedResource::not_compared(id, "AWS::S3::Bucket");
        let reason = |resource: &str| {
            format!(
                r#"{{"Summary":"x","Failures":[{{"Resource":"{resource}","FailureReason":"y"}}]}}"#
            )
        };
        let not_read = |reason: &str| not_read(reason, "DevStorage", &resources);
        assert_eq!(not_read(&reason("Raw")), [bucket("Raw")]);
        assert_eq!(not_read(&reason("dev-policy")), [bucket("Policy")]);
        let whole = [DriftedResource::not_compared("DevStorage", STACK)];
        for unclear in ["", "Rate exceeded", &reason("Other"), r#"{"Failures":[]}"#] {
            assert_eq!(not_read(unclear), whole, "{unclear}");
        }
        assert!(!whole[0].is_compared());
    }
}
