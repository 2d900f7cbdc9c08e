//! Sources: list, show, register, and what a dataset was over time.

use std::sync::Arc;

use app::api::Page;
use app::api::sources::{
    ArrivalQuery, CalendarQuery, DatasetArrival, PartitionCalendar, PartitionDay, RowsOfRun,
    SourceDetail, SourceQuery, SourceRegistered, SourceRegistration, SourceSummary,
};
use axum::extract::{Path, Query, State};
use domain::Error;
use domain::run::{Run, RunId, RunStatus};
use etl_engine::dataset_history;
use etl_engine::run::RunFilter;
use etl_engine::source::register;

use super::dataset_path::DatasetPath;
use crate::accounts::Caller;
use crate::console::Console;
use crate::delivery::data::to_toml;
use crate::delivery::edit::Edit;
use crate::sources::summary;
use crate::web::{Answer, InEnvironment, Json};

/// Most entries of a page.
const MOST: u32 = 200;
/// Entries of a page when nobody asks for a number.
const USUAL: u32 = 50;
/// Runs of the chart of rows per run.
const CHARTED: usize = 90;

/// Registered sources, by dataset.
#[utoipa::path(get, path = "/environments/{environment}/sources",
    params(("environment" = String, Path), SourceQuery),
    responses((status = 200, body = Page<SourceSummary>)), tag = "sources")]
pub(crate) async fn list(
    at: InEnvironment,
    Query(query): Query<SourceQuery>,
) -> Answer<Page<SourceSummary>> {
    let search = query.search.as_deref().filter(|search| !search.trim().is_empty());
    let limit = limit(query.limit);
    let (items, next) = summary::list(&at.lake, search, query.after.as_deref(), limit).await?;
    Ok(Json(Page { items, next }))
}

/// One source with all of its versions.
#[utoipa::path(get, path = "/environments/{environment}/sources/{system}/{table}",
    params(("environment" = String, Path), ("system" = String, Path), ("table" = String, Path)),
    responses((status = 200, body = SourceDetail)), tag = "sources")]
pub(crate) async fn show(at: InEnvironment, Path(path): Path<DatasetPath>) -> Answer<SourceDetail> {
    Ok(Json(summary::detail(&at.lake, &path.dataset()?).await?))
}

/// Registers a dataset, or saves the next version of its registration; then the runs that were held
/// for want of it are queued. 409 when another version was saved meanwhile.
#[utoipa::path(put, path = "/environments/{environment}/sources/{system}/{table}",
    params(("environment" = String, Path), ("system" = String, Path), ("table" = String, Path)),
    request_body = SourceRegistration,
    responses((status = 200, body = SourceRegistered)), tag = "sources")]
pub(crate) async fn save(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<DatasetPath>,
    Json(registration): Json<SourceRegistration>,
) -> Answer<SourceRegistered> {
    let dataset = path.dataset()?;
    let SourceRegistration { source, expected_version } = registration;
    if source.dataset != dataset {
        let message = format!("the source registers {}, the path names {dataset}", source.dataset);
        return Err(Error::invalid(message).into());
    }
    let current = at.lake.sources.current(&dataset).await?;
    if current.as_ref().map_or(0, |saved| saved.version) == expected_version {
        let before = current.as_ref().map(|saved| to_toml(&saved.source)).transpose()?;
        let edit = Edit::of(caller.person(), &format!("Register {dataset}"));
        let text = to_toml(&source)?;
        let texts = (before.as_deref(), text.as_str());
        console.delivery.commit_source(&at.lake.environment, &dataset, texts, &edit).await?;
    }
    let before = current.map(|saved| saved.source);
    let done = register(&at.lake, &source, caller.login(), expected_version).await?;
    let object = dataset.to_string();
    let environment = &at.lake.environment;
    let (before, after) = (before.as_ref(), Some(&done.saved.source));
    let audit = &console.audit;
    audit.record(&caller, "source.register", Some(environment), &object, before, after).await?;
    Ok(Json(SourceRegistered {
        version: done.saved.version,
        released_runs: done.released,
        remarks: done.remarks,
    }))
}

/// Arrivals of a dataset, newest first.
#[utoipa::path(get, path = "/environments/{environment}/sources/{system}/{table}/arrivals",
    params(("environment" = String, Path), ("system" = String, Path), ("table" = String, Path),
        ArrivalQuery),
    responses((status = 200, body = Page<DatasetArrival>)), tag = "sources")]
pub(crate) async fn arrivals(
    at: InEnvironment,
    Path(path): Path<DatasetPath>,
    Query(query): Query<ArrivalQuery>,
) -> Answer<Page<DatasetArrival>> {
    let filter = RunFilter { dataset: Some(path.dataset()?), ..RunFilter::default() };
    page_of_arrivals(&at, filter, &query).await
}

/// Arrivals that wait for a registration, newest first.
#[utoipa::path(get, path = "/environments/{environment}/held-arrivals",
    params(("environment" = String, Path), ArrivalQuery),
    responses((status = 200, body = Page<DatasetArrival>)), tag = "sources")]
pub(crate) async fn held(
    at: InEnvironment,
    Query(query): Query<ArrivalQuery>,
) -> Answer<Page<DatasetArrival>> {
    let filter = RunFilter { statuses: vec![RunStatus::Held], ..RunFilter::default() };
    page_of_arrivals(&at, filter, &query).await
}

async fn page_of_arrivals(
    at: &InEnvironment,
    filter: RunFilter,
    query: &ArrivalQuery,
) -> Answer<Page<DatasetArrival>> {
    let before = query.after.as_deref().map(str::parse::<RunId>).transpose()?;
    let limit = limit(query.limit);
    let filter = RunFilter { before, limit: limit + 1, ..filter };
    let mut runs: Vec<Run> = at.lake.ledger.list(&filter).await?;
    let more = runs.len() > limit;
    runs.truncate(limit);
    let next = runs.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Json(Page { items: runs.into_iter().map(summary::arrival).collect(), next }))
}

/// A year of a dataset: rows and bytes of each day, and runs that failed.
#[utoipa::path(get, path = "/environments/{environment}/sources/{system}/{table}/calendar",
    params(("environment" = String, Path), ("system" = String, Path), ("table" = String, Path),
        CalendarQuery),
    responses((status = 200, body = PartitionCalendar)), tag = "sources")]
pub(crate) async fn calendar(
    at: InEnvironment,
    Path(path): Path<DatasetPath>,
    Query(query): Query<CalendarQuery>,
) -> Answer<PartitionCalendar> {
    let source = summary::current(&at.lake, &path.dataset()?).await?;
    let calendar = dataset_history::calendar(&at.lake, &source, query.year).await?;
    let days = calendar.days.into_iter().map(|day| PartitionDay {
        day: day.day.to_string(),
        rows: day.rows,
        bytes: day.bytes,
        files: day.files,
        failures: day.failures,
        failed_run: day.failed_run,
    });
    Ok(Json(PartitionCalendar { year: calendar.year, years: calendar.years, days: days.collect() }))
}

/// Rows of the newest runs that succeeded, oldest first, with those out of the ordinary explained.
#[utoipa::path(get, path = "/environments/{environment}/sources/{system}/{table}/rows-per-run",
    params(("environment" = String, Path), ("system" = String, Path), ("table" = String, Path)),
    responses((status = 200, body = Vec<RowsOfRun>)), tag = "sources")]
pub(crate) async fn rows_per_run(
    at: InEnvironment,
    Path(path): Path<DatasetPath>,
) -> Answer<Vec<RowsOfRun>> {
    let runs = dataset_history::rows_per_run(&at.lake, &path.dataset()?, CHARTED).await?;
    let runs = runs.into_iter().map(|run| RowsOfRun {
        run: run.run,
        key: run.key,
        finished_at: run.finished_at,
        rows_written: run.rows_written,
        rows_rejected: run.rows_rejected,
        outlier: run.outlier,
    });
    Ok(Json(runs.collect()))
}

fn limit(asked: Option<u32>) -> usize {
    asked.unwrap_or(USUAL).clamp(1, MOST) as usize
}
