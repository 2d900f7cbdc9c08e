//! Runs: list, show, log, retry, cancel, replay.

use std::sync::Arc;

use app::api::Page;
use app::api::runs::{RunDetail, RunQuery, RunSummary};
use axum::extract::{Path, Query, RawQuery, State};
use domain::run::RunId;
use domain::run_log::{LogLine, MOST_LINES};
use domain::{Error, Result};
use etl_engine::run::{RunCommand, command, replay};
use serde::Deserialize;

use crate::accounts::Caller;
use crate::console::Console;
use crate::runs::{self, detail, summary};
use crate::web::{Answer, InEnvironment, Json};

/// The parts of a path that name a run.
#[derive(Deserialize)]
pub(crate) struct RunPath {
    run: String,
}

impl RunPath {
    fn id(&self) -> Result<RunId> {
        self.run.parse().map_err(|_| Error::not_found(format!("there is no run {:?}", self.run)))
    }
}

/// Where to go on in a log.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LogQuery {
    /// Only lines with numbers above this one.
    after: Option<u64>,
}

/// Runs, newest first.
#[utoipa::path(get, path = "/environments/{environment}/runs", tag = "runs",
    params(("environment" = String, Path), RunQuery), responses((status = 200, body = Page<RunSummary>)))]
pub(crate) async fn list_runs(
    at: InEnvironment,
    RawQuery(query): RawQuery,
) -> Answer<Page<RunSummary>> {
    let query = runs::query::parse(query.as_deref().unwrap_or_default())?;
    Ok(Json(runs::list(&at.lake, &query).await?))
}

/// One run with its steps, its failure, the versions it used and other runs of its file.
#[utoipa::path(get, path = "/environments/{environment}/runs/{run}", tag = "runs",
    params(("environment" = String, Path), ("run" = String, Path)),
    responses((status = 200, body = RunDetail)))]
pub(crate) async fn show(at: InEnvironment, Path(path): Path<RunPath>) -> Answer<RunDetail> {
    Ok(Json(detail(&at.lake, path.id()?).await?))
}

/// What happened in a run, line by line.
#[utoipa::path(get, path = "/environments/{environment}/runs/{run}/log", tag = "runs",
    params(("environment" = String, Path), ("run" = String, Path), LogQuery),
    responses((status = 200, body = Page<LogLine>)))]
pub(crate) async fn log(
    at: InEnvironment,
    Path(path): Path<RunPath>,
    Query(query): Query<LogQuery>,
) -> Answer<Page<LogLine>> {
    let run = runs::find(&at.lake, path.id()?).await?;
    let most = usize::try_from(MOST_LINES).unwrap_or(usize::MAX);
    let items = at.lake.log.lines(run.id, query.after.unwrap_or_default(), most).await?;
    Ok(Json(Page { items, next: None }))
}

/// Goes on with a failed or cancelled run, from the step that did not end.
#[utoipa::path(post, path = "/environments/{environment}/runs/{run}/retry", tag = "runs",
    params(("environment" = String, Path), ("run" = String, Path)),
    responses((status = 200, body = RunSummary), (status = 409, description = "It neither failed nor was cancelled")))]
pub(crate) async fn retry(
    at: InEnvironment,
    console: State<Arc<Console>>,
    caller: Caller,
    Path(path): Path<RunPath>,
) -> Answer<RunSummary> {
    carry_out(at, console, caller, path.id()?, RunCommand::Retry).await
}

/// Cancels a run: at once while it waits, at the next safe place while it is running.
#[utoipa::path(post, path = "/environments/{environment}/runs/{run}/cancel", tag = "runs",
    params(("environment" = String, Path), ("run" = String, Path)),
    responses((status = 200, body = RunSummary), (status = 409, description = "It has ended")))]
pub(crate) async fn cancel(
    at: InEnvironment,
    console: State<Arc<Console>>,
    caller: Caller,
    Path(path): Path<RunPath>,
) -> Answer<RunSummary> {
    carry_out(at, console, caller, path.id()?, RunCommand::Cancel).await
}

/// Runs the file of a run that has ended again, by the current source and transformation. Answers
/// with the new run.
#[utoipa::path(post, path = "/environments/{environment}/runs/{run}/replay", tag = "runs",
    operation_id = "replay_run", params(("environment" = String, Path), ("run" = String, Path)),
    responses((status = 200, body = RunSummary), (status = 409, description = "It has not ended")))]
pub(crate) async fn replay_run(
    at: InEnvironment,
    State(console): State<Arc<Console>>,
    caller: Caller,
    Path(path): Path<RunPath>,
) -> Answer<RunSummary> {
    let original = runs::find(&at.lake, path.id()?).await?;
    let run = replay(&at.lake, original.id, caller.login()).await?;
    let (environment, object) = (Some(&at.lake.environment), original.id.to_string());
    let (before, after) =
        (serde_json::json!({ "run": original.id }), serde_json::json!({ "run": run.id }));
    let record = console.audit.record(
        &caller,
        "run.replay",
        environment,
        &object,
        Some(&before),
        Some(&after),
    );
    record.await?;
    Ok(Json(summary(&run)))
}

async fn carry_out(
    at: InEnvironment,
    State(console): State<Arc<Console>>,
    caller: Caller,
    id: RunId,
    what: RunCommand,
) -> Answer<RunSummary> {
    let before = runs::find(&at.lake, id).await?;
    let run = command(&at.lake, id, what, caller.login()).await?;
    let action = match what {
        RunCommand::Retry => "run.retry",
        RunCommand::Cancel => "run.cancel",
    };
    let status = |run: &domain::run::Run| serde_json::json!({ "status": run.status });
    let (before, after) = (status(&before), status(&run));
    let (environment, object) = (Some(&at.lake.environment), id.to_string());
    let record =
        console.audit.record(&caller, action, environment, &object, Some(&before), Some(&after));
    record.await?;
    Ok(Json(summary(&run)))
}
