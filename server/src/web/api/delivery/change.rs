//! Moving releases: start, cancel, retry, promote, roll back.

use std::sync::Arc;

use app::api::delivery::{ExecutionSummary, Paused, Promote, RetryAsked, RollbackAsked};
use axum::extract::{Path, State};
use domain::Result;
use domain::pipeline::Execution;
use jiff::Timestamp;
use serde_json::json;

use super::path::ExecutionPath;
use crate::accounts::Caller;
use crate::console::Console;
use crate::delivery::shown;
use crate::web::{Answer, InEnvironment, Json};

/// Starts the pipeline at the head of its branch.
#[utoipa::path(post, path = "/environments/{environment}/executions", tag = "delivery",
    operation_id = "start_execution", params(("environment" = String, Path)),
    responses((status = 200, body = ExecutionSummary)))]
pub(crate) async fn start(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
) -> Answer<ExecutionSummary> {
    let started = console.delivery.start(&at.lake.environment, caller.person()).await?;
    answer(&console, &caller, "pipeline.start", &started).await
}

/// Moves what runs in the environment before to this one.
#[utoipa::path(post, path = "/environments/{environment}/promotions", tag = "delivery",
    params(("environment" = String, Path)), request_body = Promote,
    responses((status = 200, body = ExecutionSummary),
        (status = 409, description = "Another release runs there, or promotion is stopped")))]
pub(crate) async fn promote(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Json(asked): Json<Promote>,
) -> Answer<ExecutionSummary> {
    let release = asked.release.parse()?;
    let name = &at.lake.environment;
    let started = console.delivery.promote(name, &release, caller.person()).await?;
    answer(&console, &caller, "pipeline.promote", &started).await
}

/// Brings an earlier release back, through a plan and an approval as always.
#[utoipa::path(post, path = "/environments/{environment}/rollbacks", tag = "delivery",
    params(("environment" = String, Path)), request_body = RollbackAsked,
    responses((status = 200, body = ExecutionSummary)))]
pub(crate) async fn roll_back(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Json(asked): Json<RollbackAsked>,
) -> Answer<ExecutionSummary> {
    let release = asked.release.parse()?;
    let name = &at.lake.environment;
    let delivery = &console.delivery;
    let started = delivery.roll_back(name, &release, &asked.reason, caller.person()).await?;
    answer(&console, &caller, "pipeline.roll_back", &started).await
}

/// Lets promotion go on after a rollback. Answers with the stop that ends.
#[utoipa::path(post, path = "/environments/{environment}/promotions/resume", tag = "delivery",
    params(("environment" = String, Path)), responses((status = 200, body = Paused)))]
pub(crate) async fn resume(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
) -> Answer<Paused> {
    let name = &at.lake.environment;
    let ended = console.delivery.pipelines.resume(name).await?;
    let before = json!({ "reason": ended.reason });
    let object = name.to_string();
    let audit = &console.audit;
    audit
        .record(&caller, "pipeline.resume", Some(name), &object, Some(&before), None::<&()>)
        .await?;
    Ok(Json(Paused {
        by: ended.by.map_or_else(|| "sluice".to_owned(), |person| person.login),
        reason: ended.reason,
        at: ended.since,
    }))
}

/// Cancels an execution: at once while it waits, else between two steps.
#[utoipa::path(post, path = "/environments/{environment}/executions/{execution}/cancel",
    tag = "delivery", operation_id = "cancel_execution",
    params(("environment" = String, Path), ("execution" = String, Path)),
    responses((status = 200, body = ExecutionSummary)))]
pub(crate) async fn cancel(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<ExecutionPath>,
) -> Answer<ExecutionSummary> {
    let execution = path.find(&console.delivery, &at.lake.environment).await?;
    let cancelled = console.delivery.pipelines.cancel(execution.id, Timestamp::now()).await?;
    answer(&console, &caller, "pipeline.cancel", &cancelled).await
}

/// Goes on with an execution that ended, from a stage on.
#[utoipa::path(post, path = "/environments/{environment}/executions/{execution}/retry",
    tag = "delivery", operation_id = "retry_execution",
    params(("environment" = String, Path), ("execution" = String, Path)),
    request_body = RetryAsked, responses((status = 200, body = ExecutionSummary)))]
pub(crate) async fn retry(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<ExecutionPath>,
    Json(asked): Json<RetryAsked>,
) -> Answer<ExecutionSummary> {
    let execution = path.find(&console.delivery, &at.lake.environment).await?;
    let now = Timestamp::now();
    let again = console.delivery.pipelines.retry(execution.id, asked.from, now).await?;
    answer(&console, &caller, "pipeline.retry", &again).await
}

async fn answer(
    console: &Console,
    caller: &Caller,
    action: &str,
    execution: &Execution,
) -> Answer<ExecutionSummary> {
    record(console, caller, action, execution).await?;
    Ok(Json(shown::summary(&console.delivery, execution).await?))
}

async fn record(
    console: &Console,
    caller: &Caller,
    action: &str,
    execution: &Execution,
) -> Result<()> {
    let after = json!({
        "status": execution.status, "commit": execution.commit, "cause": execution.cause,
        "release": execution.release,
    });
    let (environment, object) = (Some(&execution.environment), execution.id.to_string());
    console.audit.record(caller, action, environment, &object, None::<&()>, Some(&after)).await
}
