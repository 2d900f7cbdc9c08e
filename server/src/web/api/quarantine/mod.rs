//! The quarantine: what was rejected, trials of an edited source, replays.

mod shown;
pub(crate) mod trials;

use app::api::quarantine::{
    CurrentSource, Quarantine, RejectedRows, RejectingDataset, RejectingRun, RunQuarantine,
};
use app::api::{Page, Problem};
use axum::extract::{Path, Query};
use domain::dataset::DatasetId;
use domain::rejected::RejectReason;
use domain::run::RunId;
use domain::{Error, Result};
use etl_engine::raw_to_conformed::quarantine::{self, Facets, Marker, RowFilter};
use etl_engine::run::{RejectedRun, RejectedRunsFilter};
use futures::{StreamExt, TryStreamExt};
use serde::Deserialize;

use crate::web::{Answer, InEnvironment, Json};

/// Kinds of rejected rows in a list of runs.
const KINDS_IN_LIST: usize = 3;
/// Kinds of rejected rows of one run: there may be one for each of 10,000 columns.
const KINDS_OF_RUN: usize = 200;
/// Quarantine files read at the same time.
const AT_ONCE: usize = 4;

/// Which runs with rejected rows.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunsQuery {
    /// Only of this dataset.
    #[serde(default, deserialize_with = "shown::nothing_if_empty")]
    #[param(value_type = Option<String>)]
    dataset: Option<DatasetId>,
    /// Only runs recorded before this one.
    #[param(value_type = Option<String>)]
    after: Option<RunId>,
    /// At most so many, up to 100.
    limit: Option<u32>,
}

/// Which rejected rows of a run.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RowsQuery {
    /// Only those rejected for this reason.
    #[serde(default, deserialize_with = "shown::nothing_if_empty")]
    #[param(value_type = Option<String>)]
    reason: Option<RejectReason>,
    /// Only those in which this column did not fit; empty: those in which none can be named.
    column: Option<String>,
    /// Without so many of them at the beginning.
    after: Option<u64>,
    /// At most so many, up to 500.
    limit: Option<usize>,
}

/// Datasets and runs with rejected rows.
#[utoipa::path(get, path = "/environments/{environment}/quarantine",
    params(("environment" = String, Path), RunsQuery), responses((status = 200, body = Quarantine)),
    tag = "quarantine")]
pub(crate) async fn list(at: InEnvironment, Query(query): Query<RunsQuery>) -> Answer<Quarantine> {
    let limit = query.limit.unwrap_or(25).clamp(1, 100) as usize;
    let filter =
        RejectedRunsFilter { dataset: query.dataset, before: query.after, limit: limit + 1 };
    let mut runs = at.lake.reports.rejected_runs(&filter).await?;
    let more = runs.len() > limit;
    runs.truncate(limit);
    let next = runs.last().filter(|_| more).map(|last| last.id.to_string());
    let facets = futures::stream::iter(runs.clone()).map(|run| facets_of(at.clone(), run));
    let facets: Vec<Facets> = facets.buffered(AT_ONCE).try_collect().await?;
    let items = runs.into_iter().zip(facets);
    let items = items.map(|(run, facets)| rejecting_run(run, &facets, KINDS_IN_LIST)).collect();
    let datasets =
        at.lake.reports.rejecting_datasets().await?.into_iter().map(|found| RejectingDataset {
            dataset: found.dataset,
            runs: found.runs,
            rows_read: found.rows_read,
            rows_rejected: found.rows_rejected,
        });
    Ok(Json(Quarantine { datasets: datasets.collect(), runs: Page { items, next } }))
}

/// The quarantine of a run: how many rows of which kind, and the source as it is now.
#[utoipa::path(get, path = "/environments/{environment}/quarantine/{run}",
    params(("environment" = String, Path), ("run" = String, Path)),
    responses((status = 200, body = RunQuarantine), (status = 404, body = Problem)),
    tag = "quarantine")]
pub(crate) async fn show(
    at: InEnvironment,
    Path((_, run)): Path<(String, String)>,
) -> Answer<RunQuarantine> {
    let id: RunId = run.parse()?;
    let run = at.lake.reports.rejected_run(id).await?.ok_or_else(|| {
        Error::not_found(format!("run {id} has no rejected rows in {}", at.lake.environment))
    })?;
    let facets = facets_of(at.clone(), run.clone()).await?;
    let source = at.lake.sources.current(&run.dataset).await?;
    Ok(Json(RunQuarantine {
        rows_kept: facets.rows(),
        run: rejecting_run(run, &facets, KINDS_OF_RUN),
        source: source.map(|found| CurrentSource { version: found.version, source: found.source }),
    }))
}

/// Rejected rows of a run with their raw text.
#[utoipa::path(get, path = "/environments/{environment}/quarantine/{run}/rows",
    params(("environment" = String, Path), ("run" = String, Path), RowsQuery),
    responses((status = 200, body = RejectedRows), (status = 404, body = Problem)),
    tag = "quarantine")]
pub(crate) async fn rows(
    at: InEnvironment,
    Path((_, run)): Path<(String, String)>,
    Query(query): Query<RowsQuery>,
) -> Answer<RejectedRows> {
    let run = find(&at, run.parse()?).await?;
    let (offset, limit) = (query.after.unwrap_or(0), query.limit.unwrap_or(25).clamp(1, 500));
    let filter = RowFilter { reason: query.reason, column: query.column };
    let conformed = &at.lake.conformed;
    let page = quarantine::page(conformed, &run.dataset, run.id, &filter, offset, limit).await?;
    let marker = Marker::of(&at.lake, &run).await?;
    let last = offset.saturating_add(page.rows.len() as u64);
    let next = (last < page.matching && !page.rows.is_empty()).then(|| last.to_string());
    let items = page.rows.into_iter().map(|row| shown::rejected_text(&marker, row)).collect();
    Ok(Json(RejectedRows { matching: page.matching, offset, rows: Page { items, next } }))
}

async fn find(at: &InEnvironment, id: RunId) -> Result<domain::run::Run> {
    let environment = &at.lake.environment;
    let run = at.lake.ledger.run(id).await?;
    run.ok_or_else(|| Error::not_found(format!("run {id} is not in the ledger of {environment}")))
}

async fn facets_of(at: InEnvironment, run: RejectedRun) -> Result<Facets> {
    quarantine::facets(&at.lake.conformed, &run.dataset, run.id).await
}

fn rejecting_run(run: RejectedRun, facets: &Facets, kinds: usize) -> RejectingRun {
    RejectingRun {
        id: run.id,
        dataset: run.dataset,
        key: run.key,
        status: run.status,
        actor: run.actor,
        rows_read: run.rows_read,
        rows_rejected: run.rows_rejected,
        created_at: run.created_at,
        newer: run.newer,
        kinds: facets.largest_first().into_iter().take(kinds).map(shown::kind).collect(),
    }
}
