//! What a deployment is recorded as.

use domain::Result;
use domain::branch::Person;
use domain::deployment::{ChangeSummary, Deployment};
use domain::plan::{Plan, StackPlan, TextChange};
use jiff::Timestamp;

use super::Job;

impl Job {
    /// The record of this job's plan as carried out now. [`domain::ErrorKind::Conflict`] when the plan
    /// is not the one that was approved.
    pub fn deployment(
        &self,
        plan: &Plan,
        approved_by: Vec<Person>,
        broke_glass: Option<String>,
        now: Timestamp,
    ) -> Result<Deployment> {
        let execution = &self.execution;
        let digest = crate::plan::digest(plan)?;
        if self.approved.as_ref() != Some(&digest) {
            return Err(self.refused("what was carried out is not the plan that was approved"));
        }
        Ok(Deployment {
            execution: execution.id,
            attempt: execution.attempt,
            environment: execution.environment.clone(),
            cause: execution.cause.clone(),
            release: plan.release.clone(),
            replaced: plan.baseline.clone(),
            commit: plan.commit.clone(),
            plan: digest,
            requested_by: execution.requested_by.clone(),
            approved_by,
            broke_glass,
            changed: summary(plan),
            at: now,
        })
    }
}

fn summary(plan: &Plan) -> ChangeSummary {
    let changing = || plan.stacks.iter().filter(|stack| !stack.changes.is_empty());
    let datasets = |changes: &[TextChange]| changes.iter().map(|one| one.dataset.clone()).collect();
    let resources = changing().map(|stack: &StackPlan| stack.changes.len() as u64).sum();
    ChangeSummary {
        stacks: changing().map(|stack| stack.stack.clone()).collect(),
        resources,
        sources: datasets(&plan.sources),
        transformations: datasets(&plan.transformations),
        quality: plan.quality.iter().map(|change| change.table.to_string()).collect(),
        widened: plan.widened().count() as u64,
    }
}
