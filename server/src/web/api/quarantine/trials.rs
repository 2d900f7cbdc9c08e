//! Trials of an edited source, and replays.

use std::sync::Arc;

use app::api::Problem;
use app::api::quarantine::{
    PassingRow, ReplayRequest, ReplayVerdict, Replays, TrialOutcome, TrialRequest,
};
use axum::extract::State;
use axum::http::StatusCode;
use domain::Error;
use domain::access::Permission;
use domain::run::{Run, RunId};
use etl_engine::raw_to_conformed::quarantine::RowFilter;
use etl_engine::raw_to_conformed::trial::{Limits, NowPassing, Outcome, trial};
use etl_engine::run::check_replay;
use etl_engine::source::{check, register};
use tokio::sync::Semaphore;

use super::{find, shown};
use crate::accounts::Caller;
use crate::console::Console;
use crate::web::{Answer, InEnvironment, Json, Refusal};

/// Most runs of one request.
const MAX_RUNS: usize = 100;
/// Trials under way at the same time, of all readers: each keeps a core busy.
static TRIALS: Semaphore = Semaphore::const_new(2);

/// Try an edited source against rejected rows: how many would pass now. Nothing is changed.
#[utoipa::path(post, path = "/environments/{environment}/quarantine/trials",
    params(("environment" = String, Path)), request_body = TrialRequest,
    responses((status = 200, body = TrialOutcome), (status = 422, body = Problem),
        (status = 429, body = Problem)), tag = "quarantine")]
pub(crate) async fn try_source(
    at: InEnvironment,
    Json(request): Json<TrialRequest>,
) -> Answer<TrialOutcome> {
    let runs = runs_of(&at, &request.runs).await?;
    let Ok(_permit) = TRIALS.try_acquire() else {
        let detail = "Other trials are under way: try again in some seconds.";
        return Err(Refusal::of_status(StatusCode::TOO_MANY_REQUESTS, detail));
    };
    check(&request.source)?;
    let filter = RowFilter { reason: request.reason, column: request.column };
    let outcome = trial(&at.lake, &runs, &request.source, &filter, Limits::default()).await?;
    Ok(Json(outcome_of(outcome)))
}

/// Replay runs by the current source, or by one that is saved first. The save is refused when the
/// source was changed meanwhile; then nothing is replayed.
#[utoipa::path(post, path = "/environments/{environment}/quarantine/replays",
    params(("environment" = String, Path)), request_body = ReplayRequest,
    responses((status = 200, body = Replays), (status = 409, body = Problem),
        (status = 422, body = Problem)), tag = "quarantine")]
pub(crate) async fn replay(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Json(request): Json<ReplayRequest>,
) -> Answer<Replays> {
    let runs = runs_of(&at, &request.runs).await?;
    runs.iter().try_for_each(check_replay)?;
    let mut version = None;
    if let Some(save) = request.save {
        let environment = Some(&at.lake.environment);
        if !caller.rights.allow(Permission::EditSources, environment) {
            return Err(Refusal::lacks(Permission::EditSources, environment));
        }
        if runs.iter().any(|run| run.dataset != save.source.dataset) {
            let message = "the source is of another dataset than the runs";
            return Err(Error::invalid(message).into());
        }
        let dataset = &save.source.dataset;
        let before = at.lake.sources.current(dataset).await?.map(|current| current.source);
        // By the one way that checks which tables belong to whom.
        let done = register(&at.lake, &save.source, caller.login(), save.version).await?;
        let (object, after) = (dataset.to_string(), Some(&done.saved.source));
        let audit = &console.audit;
        let action = "source.register";
        audit.record(&caller, action, environment, &object, before.as_ref(), after).await?;
        version = Some(done.saved.version);
    }
    let mut started = Vec::with_capacity(runs.len());
    for run in runs {
        let new = etl_engine::run::replay(&at.lake, run.id, caller.login()).await?.id;
        let (object, after) = (run.id.to_string(), serde_json::json!({ "replay": new }));
        let (environment, nothing) = (Some(&at.lake.environment), None::<&()>);
        let audit = &console.audit;
        audit.record(&caller, "run.replay", environment, &object, nothing, Some(&after)).await?;
        started.push(new);
    }
    Ok(Json(Replays { version, runs: started }))
}

/// The runs of a request: at least one, all there, all of one dataset.
async fn runs_of(at: &InEnvironment, ids: &[RunId]) -> Result<Vec<Run>, Refusal> {
    if ids.is_empty() || ids.len() > MAX_RUNS {
        return Err(Error::invalid(format!("name 1 to {MAX_RUNS} runs")).into());
    }
    let mut runs: Vec<Run> = Vec::with_capacity(ids.len());
    for id in ids {
        let run = find(at, *id).await?;
        if runs.iter().any(|other| other.id == run.id) {
            continue;
        }
        if runs.iter().any(|other| other.dataset != run.dataset) {
            return Err(Error::invalid("the runs are of different datasets").into());
        }
        runs.push(run);
    }
    Ok(runs)
}

fn outcome_of(outcome: Outcome) -> TrialOutcome {
    let still = outcome.still_rejected.into_iter();
    let verdicts = outcome.verdicts.into_iter();
    TrialOutcome {
        tried: outcome.tried,
        passing: outcome.passing,
        no_rows: outcome.no_rows,
        cut: outcome.cut,
        left_out: outcome.left_out,
        failing: outcome.failing.largest_first().into_iter().take(100).map(shown::kind).collect(),
        still_rejected: still
            .map(|still| shown::unmarked(shown::marked(&still.row.raw, None), still.row))
            .collect(),
        now_passing: outcome.now_passing.into_iter().map(passing_row).collect(),
        problems: outcome.problems.into_iter().map(|problem| problem.message).collect(),
        verdicts: verdicts
            .map(|verdict| ReplayVerdict {
                run: verdict.run,
                rows_read: verdict.rows_read,
                rejected: verdict.rejected,
                commits: verdict.commits,
            })
            .collect(),
    }
}

fn passing_row(row: NowPassing) -> PassingRow {
    let value = |value: String| shown::marked(value.as_bytes(), None).before;
    PassingRow {
        line: row.line,
        raw: shown::marked(&row.raw, None).before,
        values: row.values.into_iter().map(|text| text.map(value)).collect(),
    }
}
