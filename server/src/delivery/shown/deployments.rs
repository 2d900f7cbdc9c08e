//! What was deployed to an environment.

use app::api::Page;
use app::api::delivery::DeploymentShown;
use domain::Result;
use domain::deployment::{ChangeSummary, Deployment};
use domain::environment::EnvironmentName;

use super::executions::commit;
use crate::delivery::Delivery;

/// A page of deployments, newest first.
pub async fn deployments(
    delivery: &Delivery,
    environment: &EnvironmentName,
    before: Option<u64>,
    limit: usize,
) -> Result<Page<DeploymentShown>> {
    let mut found = delivery.pipelines.deployments(environment, before, limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|(number, _)| number.to_string());
    let running = delivery.pipelines.environment(environment).await?.running;
    let mut items = Vec::with_capacity(found.len());
    for (index, (_, deployment)) in found.into_iter().enumerate() {
        let runs = running.as_ref().is_some_and(|running| running.release == deployment.release);
        let current = runs && before.is_none() && index == 0;
        items.push(shown(delivery, deployment, current).await?);
    }
    Ok(Page { items, next })
}

async fn shown(
    delivery: &Delivery,
    deployment: Deployment,
    current: bool,
) -> Result<DeploymentShown> {
    Ok(DeploymentShown {
        execution: deployment.execution,
        release: deployment.release.to_string(),
        commit: commit(delivery, &deployment.commit).await?,
        changed: changed(&deployment.changed),
        cause: deployment.cause,
        requested_by: deployment.requested_by.map(|person| person.login),
        approved_by: deployment.approved_by.into_iter().map(|person| person.login).collect(),
        current,
        at: deployment.at,
    })
}

fn changed(summary: &ChangeSummary) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(summary.transformations.iter().map(|dataset| format!("SQL of {dataset}")));
    lines.extend(summary.sources.iter().map(|dataset| format!("source {dataset}")));
    lines.extend(summary.quality.iter().map(|table| format!("quality rules of {table}")));
    if !summary.stacks.is_empty() {
        lines.push(format!(
            "{} resources in {} stacks: {}",
            summary.resources,
            summary.stacks.len(),
            summary.stacks.join(", ")
        ));
    }
    if summary.widened > 0 {
        lines.push(format!("{} permissions widened", summary.widened));
    }
    lines
}
