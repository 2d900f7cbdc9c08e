//! Looking at the delivery flow.

use std::sync::Arc;

use app::api::Page;
use app::api::delivery::{
    Compared, DeploymentShown, ExecutionDetail, ExecutionLog, ExecutionSummary, Lanes, PlanShown,
};
use axum::extract::{Path, Query, State};
use domain::access::Permission;
use domain::environment::EnvironmentName;
use domain::pipeline::ExecutionStatus;
use domain::{Error, Result};
use infra_embedded::ExecutionFilter;
use serde::Deserialize;

use super::path::ExecutionPath;
use crate::accounts::Caller;
use crate::console::Console;
use crate::delivery::shown;
use crate::web::{Answer, InEnvironment, Json};

/// Items on a page.
const USUAL: usize = 50;
const MOST: usize = 200;

/// The environments that the caller may see, side by side in the order of promotion.
#[utoipa::path(get, path = "/environments/{environment}/lanes", tag = "delivery",
    params(("environment" = String, Path)), responses((status = 200, body = Lanes)))]
pub(crate) async fn lanes(
    State(console): State<Arc<Console>>,
    _at: InEnvironment,
    caller: Caller,
) -> Answer<Lanes> {
    let visible = |name: &EnvironmentName| caller.rights.allow(Permission::ViewLake, Some(name));
    Ok(Json(shown::lanes(&console.delivery, visible).await?))
}

/// Which executions; `status` separated by commas.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExecutionQuery {
    /// Only with one of these statuses.
    status: Option<String>,
    /// The next page.
    after: Option<String>,
    /// On a page, 1 to 200; 50 when absent.
    limit: Option<usize>,
}

impl ExecutionQuery {
    fn filter(&self, environment: &EnvironmentName) -> Result<ExecutionFilter> {
        let statuses = self.status.as_deref().unwrap_or_default().split(',');
        let statuses = statuses.filter(|status| !status.is_empty());
        Ok(ExecutionFilter {
            environment: Some(environment.clone()),
            statuses: statuses.map(str::parse::<ExecutionStatus>).collect::<Result<_>>()?,
            before: self.after.as_deref().map(str::parse).transpose()?,
            limit: self.limit.unwrap_or(USUAL).clamp(1, MOST),
            ..ExecutionFilter::default()
        })
    }
}

/// Executions of the environment's pipeline, newest first.
#[utoipa::path(get, path = "/environments/{environment}/executions", tag = "delivery",
    operation_id = "list_executions", params(("environment" = String, Path), ExecutionQuery),
    responses((status = 200, body = Page<ExecutionSummary>)))]
pub(crate) async fn executions(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    Query(query): Query<ExecutionQuery>,
) -> Answer<Page<ExecutionSummary>> {
    let filter = query.filter(&at.lake.environment)?;
    Ok(Json(shown::list(&console.delivery, &filter).await?))
}

/// One execution: stages, commits, decisions.
#[utoipa::path(get, path = "/environments/{environment}/executions/{execution}", tag = "delivery",
    operation_id = "show_execution",
    params(("environment" = String, Path), ("execution" = String, Path)),
    responses((status = 200, body = ExecutionDetail)))]
pub(crate) async fn execution(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    Path(path): Path<ExecutionPath>,
) -> Answer<ExecutionDetail> {
    let execution = path.find(&console.delivery, &at.lake.environment).await?;
    Ok(Json(shown::detail(&console.delivery, &execution).await?))
}

/// From where on.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LogQuery {
    /// The cursor of the answer before.
    after: Option<u64>,
}

/// Lines of an execution's log, the oldest first, at most 1,000.
#[utoipa::path(get, path = "/environments/{environment}/executions/{execution}/log",
    tag = "delivery", operation_id = "execution_log",
    params(("environment" = String, Path), ("execution" = String, Path), LogQuery),
    responses((status = 200, body = ExecutionLog)))]
pub(crate) async fn log(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    Path(path): Path<ExecutionPath>,
    Query(query): Query<LogQuery>,
) -> Answer<ExecutionLog> {
    let execution = path.find(&console.delivery, &at.lake.environment).await?;
    let after = query.after.unwrap_or_default();
    Ok(Json(shown::log(&console.delivery, execution.id, after).await?))
}

/// The plan of an execution, and where its approval stands.
#[utoipa::path(get, path = "/environments/{environment}/executions/{execution}/plan",
    tag = "delivery", operation_id = "show_plan",
    params(("environment" = String, Path), ("execution" = String, Path)),
    responses((status = 200, body = PlanShown)))]
pub(crate) async fn plan(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<ExecutionPath>,
) -> Answer<PlanShown> {
    let execution = path.find(&console.delivery, &at.lake.environment).await?;
    Ok(Json(shown::plan_shown(&console.delivery, &execution, &caller.person()).await?))
}

/// A page of deployments.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeploymentQuery {
    /// The next page.
    after: Option<u64>,
    /// On a page, 1 to 200; 50 when absent.
    limit: Option<usize>,
}

/// What was deployed to the environment, newest first.
#[utoipa::path(get, path = "/environments/{environment}/deployments", tag = "delivery",
    params(("environment" = String, Path), DeploymentQuery),
    responses((status = 200, body = Page<DeploymentShown>)))]
pub(crate) async fn deployments(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    Query(query): Query<DeploymentQuery>,
) -> Answer<Page<DeploymentShown>> {
    let limit = query.limit.unwrap_or(USUAL).clamp(1, MOST);
    let environment = &at.lake.environment;
    Ok(Json(shown::deployments(&console.delivery, environment, query.after, limit).await?))
}

/// The other environment.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CompareQuery {
    /// Its name.
    with: String,
}

/// The environment beside another one that the caller may see.
#[utoipa::path(get, path = "/environments/{environment}/compare", tag = "delivery",
    operation_id = "compare_environments", params(("environment" = String, Path), CompareQuery),
    responses((status = 200, body = Compared)))]
pub(crate) async fn compare(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Query(query): Query<CompareQuery>,
) -> Answer<Compared> {
    let other: EnvironmentName = query.with.parse()?;
    if !caller.rights.allow(Permission::ViewLake, Some(&other)) {
        return Err(Error::not_found(format!("there is no environment {other}")).into());
    }
    Ok(Json(shown::compare(&console.delivery, &at.lake.environment, &other).await?))
}
