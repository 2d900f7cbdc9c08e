//! Looking for resources that are not as their stack made them.

use std::time::Instant;

use aws_sdk_cloudformation::types::{
    self, StackDriftDetectionStatus as Detection, StackResourceDriftStatus as Drift,
};
use domain::stack::{DriftedResource, PropertyChange, Recreation};
use domain::{Error, ErrorKind, Result};
use infra::resource_types::recreation;
use infra::stacks::StackStatus;

use super::changes::as_json;
use super::read::status_of;
use super::{CloudFormationStackService, failed, refusal};

impl CloudFormationStackService {
    pub(super) async fn drift_now(&self, stack: &str) -> Result<Vec<DriftedResource>> {
        let found = self.there(stack).await?;
        let status = status_of(&found)?;
        if status == StackStatus::ReviewInProgress {
            return Ok(Vec::new());
        }
        if !can_be_looked_at(status) {
            return Err(refusal(stack, status));
        }
        let arn = found.stack_id().unwrap_or_default();
        self.detect(arn).await?;
        let filters = [Drift::Modified, Drift::Deleted, Drift::UnknownValue];
        let asked = self.client.describe_stack_resource_drifts().stack_name(arn);
        let asked = asked.set_stack_resource_drift_status_filters(Some(filters.into()));
        let mut pages = asked.into_paginator().send();
        let mut drifted = Vec::new();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| failed(&format!("read the drift of {stack}"), error))?;
            drifted.extend(page.stack_resource_drifts().iter().map(view));
        }
        drifted.sort_by(|one, other| one.logical_id.cmp(&other.logical_id));
        Ok(drifted)
    }

    /// Has CloudFormation look, and waits until it has.
    async fn detect(&self, arn: &str) -> Result<()> {
        let doing = format!("look for drift of {arn}");
        let begun = Instant::now();
        let asked = self.client.detect_stack_drift().stack_name(arn).send().await;
        let asked = asked.map_err(|error| failed(&doing, error))?;
        let id = asked.stack_drift_detection_id.unwrap_or_default();
        loop {
            let look = self.client.describe_stack_drift_detection_status();
            let look = look.stack_drift_detection_id(&id).send().await;
            let look = look.map_err(|error| failed(&doing, error))?;
            // What failed is told resource by resource, as not known.
            if look.detection_status() != Some(&Detection::DetectionInProgress) {
                return Ok(());
            }
            if begun.elapsed() > self.settings.patience {
                let message = format!("cannot {doing}: it takes too long, try again later");
                return Err(Error::new(ErrorKind::Unavailable, message));
            }
            tokio::time::sleep(self.settings.look_every).await;
        }
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
    let differences = found.property_differences().iter();
    let mut differences: Vec<_> = differences.map(|one| difference(&resource_type, one)).collect();
    differences.sort_by(|one, other| one.path.cmp(&other.path));
    if found.stack_resource_drift_status() == Some(&Drift::UnknownValue) {
        differences.push(not_known(found.drift_status_reason().unwrap_or("it was not said why")));
    }
    DriftedResource {
        logical_id: found.logical_resource_id().unwrap_or_default().to_owned(),
        deleted: found.stack_resource_drift_status() == Some(&Drift::Deleted),
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

/// What could not be compared is shown, so that nobody takes it for being as it was.
fn not_known(why: &str) -> PropertyChange {
    PropertyChange {
        path: "Properties".to_owned(),
        before: None,
        after: Some(as_json(&format!("CloudFormation could not compare it: {why}"))),
        recreation: Recreation::Never,
    }
}
