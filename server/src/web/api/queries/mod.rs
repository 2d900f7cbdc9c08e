//! Queries: start, state, rows, cancel, history, estimate, comparison, export.

pub(crate) mod follow;
pub(crate) mod saved;
pub(crate) mod tabs;

use std::sync::Arc;

use app::api::Page;
use app::api::queries::{
    ChartPoints, ChartQuery, CompareQuery, EstimateAnswer, ExportFormat, ExportQuery,
    FilteredQuery, HistoryQuery, QueryInfo, QueryText, ResultComparison, ResultRows, RowsQuery,
    TableReads,
};
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Result;
use domain::access::Permission;
use domain::query::{QueryId, athena_usd};
use etl_engine::query::estimate::QueryEstimate;
use serde::Deserialize;

use crate::accounts::Caller;
use crate::console::Console;
use crate::queries::{RecordFilter, Workbench, info};
use crate::web::{Answer, InEnvironment, Json, Refusal};

/// Queries of a page of the history when nobody asks for a number, and the most.
const USUAL: u32 = 50;
const MOST: u32 = 200;

/// The parts of a path that name a query.
#[derive(Deserialize)]
pub(crate) struct QueryPath {
    query: String,
}

impl QueryPath {
    fn id(&self) -> Result<QueryId> {
        self.query.parse()
    }
}

/// The parts of a path that name two queries.
#[derive(Deserialize)]
pub(crate) struct TwoQueries {
    before: String,
    after: String,
}

/// The workbench of the environment in the path.
fn workbench(console: &Console, at: &InEnvironment) -> Result<Arc<Workbench>> {
    console.workbench(&at.lake.environment)
}

/// Starts a query and answers at once; the state tells how it goes.
#[utoipa::path(post, path = "/environments/{environment}/queries", tag = "queries",
    params(("environment" = String, Path)), request_body = QueryText,
    responses((status = 202, body = QueryInfo)))]
pub(crate) async fn start_query(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Json(query): Json<QueryText>,
) -> Result<(StatusCode, Json<QueryInfo>), Refusal> {
    if query.sql.trim().is_empty() {
        return Err(Refusal::unprocessable("the query is empty: write a SELECT"));
    }
    let workbench = workbench(&console, &at)?;
    let started = workbench.start(&caller.user.id, caller.login(), &query.sql).await?;
    Ok((StatusCode::ACCEPTED, Json(started)))
}

/// Queries, newest first: one's own, or those of everybody for admins.
#[utoipa::path(get, path = "/environments/{environment}/queries", tag = "queries",
    params(("environment" = String, Path), HistoryQuery),
    responses((status = 200, body = Page<QueryInfo>)))]
pub(crate) async fn list_queries(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Query(query): Query<HistoryQuery>,
) -> Answer<Page<QueryInfo>> {
    let everybody = query.everybody.unwrap_or_default();
    let environment = Some(&at.lake.environment);
    if everybody && !caller.rights.allow(Permission::ManageSettings, environment) {
        return Err(Refusal::lacks(Permission::ManageSettings, environment));
    }
    let after = query.after.as_deref().filter(|after| !after.is_empty());
    let limit = query.limit.unwrap_or(USUAL).clamp(1, MOST);
    let filter = RecordFilter {
        owner: (!everybody).then(|| caller.user.id.clone()),
        search: query.search,
        before: after.map(str::parse).transpose()?,
        limit: limit + 1,
    };
    let mut found = workbench(&console, &at)?.records.list(&filter).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Json(Page { items: found.into_iter().map(info).collect(), next }))
}

/// Where a query stands.
#[utoipa::path(get, path = "/environments/{environment}/queries/{query}", tag = "queries",
    params(("environment" = String, Path), ("query" = String, Path)),
    responses((status = 200, body = QueryInfo)))]
pub(crate) async fn show_query(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<QueryPath>,
) -> Answer<QueryInfo> {
    let found = workbench(&console, &at)?.find(path.id()?, &caller.user.id).await?;
    Ok(Json(info(found)))
}

/// The last query with the same text that succeeded before, if its rows are kept; null otherwise.
#[utoipa::path(get, path = "/environments/{environment}/queries/{query}/previous", tag = "queries",
    params(("environment" = String, Path), ("query" = String, Path)),
    responses((status = 200, body = Option<QueryInfo>)))]
pub(crate) async fn previous_query(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<QueryPath>,
) -> Answer<Option<QueryInfo>> {
    let workbench = workbench(&console, &at)?;
    let found = workbench.find(path.id()?, &caller.user.id).await?;
    Ok(Json(workbench.records.previous(&found).await?.map(info)))
}

/// Rows of a query, sorted and filtered over all that is kept; so far while it is running.
#[utoipa::path(get, path = "/environments/{environment}/queries/{query}/rows", tag = "queries",
    params(("environment" = String, Path), ("query" = String, Path), RowsQuery),
    responses((status = 200, body = ResultRows)))]
pub(crate) async fn query_rows(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<QueryPath>,
    Query(wanted): Query<RowsQuery>,
) -> Answer<ResultRows> {
    Ok(Json(workbench(&console, &at)?.rows(path.id()?, &caller.user.id, wanted).await?))
}

/// The points of a chart over all kept rows; where they are too many to be told apart, fewer that
/// stand for them.
#[utoipa::path(get, path = "/environments/{environment}/queries/{query}/chart", tag = "queries",
    params(("environment" = String, Path), ("query" = String, Path), ChartQuery),
    responses((status = 200, body = ChartPoints)))]
pub(crate) async fn query_chart(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<QueryPath>,
    Query(wanted): Query<ChartQuery>,
) -> Answer<ChartPoints> {
    Ok(Json(workbench(&console, &at)?.chart(path.id()?, &caller.user.id, wanted).await?))
}

/// Stops a query. One that has ended stays as it is.
#[utoipa::path(post, path = "/environments/{environment}/queries/{query}/cancel", tag = "queries",
    operation_id = "cancel_query", params(("environment" = String, Path), ("query" = String, Path)),
    responses((status = 200, body = QueryInfo)))]
pub(crate) async fn cancel(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<QueryPath>,
) -> Answer<QueryInfo> {
    Ok(Json(info(workbench(&console, &at)?.cancel(path.id()?, &caller.user.id).await?)))
}

/// What a query would read and what Athena would ask for it, without running it.
#[utoipa::path(post, path = "/environments/{environment}/queries/estimate", tag = "queries",
    params(("environment" = String, Path)), request_body = QueryText,
    responses((status = 200, body = EstimateAnswer)))]
pub(crate) async fn estimate(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    Json(query): Json<QueryText>,
) -> Answer<EstimateAnswer> {
    Ok(Json(estimated(workbench(&console, &at)?.service.estimate(&query.sql).await?)))
}

/// What sets the result of `after` apart from that of `before`: rows added, removed, changed.
#[utoipa::path(get, path = "/environments/{environment}/queries/{before}/compare/{after}",
    tag = "queries", params(("environment" = String, Path), ("before" = String, Path),
        ("after" = String, Path), CompareQuery),
    responses((status = 200, body = ResultComparison)))]
pub(crate) async fn compare(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<TwoQueries>,
    Query(wanted): Query<CompareQuery>,
) -> Answer<ResultComparison> {
    let (before, after) = (path.before.parse()?, path.after.parse()?);
    let owner = &caller.user.id;
    let workbench = workbench(&console, &at)?;
    Ok(Json(workbench.compare(before, after, owner, wanted.key.as_deref()).await?))
}

/// The rows of a query as a file, all of them or arranged as asked. Recorded in the audit log before the first byte.
#[utoipa::path(get, path = "/environments/{environment}/queries/{query}/export", tag = "queries",
    params(("environment" = String, Path), ("query" = String, Path), ExportQuery),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>)))]
pub(crate) async fn export(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<QueryPath>,
    Query(wanted): Query<ExportQuery>,
) -> Result<Response, Refusal> {
    let id = path.id()?;
    let export = workbench(&console, &at)?.export(id, &caller.user.id, &wanted).await?;
    let mut what = serde_json::json!({ "format": wanted.format, "rows": export.rows() });
    for (name, part) in [("sort", &wanted.sort), ("filter", &wanted.filter)] {
        if let Some(part) = part.as_ref().filter(|part| !part.is_empty()) {
            what[name] = part.as_str().into();
        }
    }
    let none = None::<&()>;
    let environment = Some(&at.lake.environment);
    let audit = &console.audit;
    audit.record(&caller, "query.export", environment, &id.to_string(), none, Some(&what)).await?;
    let (media_type, ending) = match wanted.format {
        ExportFormat::Csv => ("text/csv; charset=utf-8", "csv"),
        ExportFormat::Json => ("application/json", "json"),
        ExportFormat::Parquet => ("application/vnd.apache.parquet", "parquet"),
        ExportFormat::Xlsx => {
            ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx")
        }
    };
    let name = format!("attachment; filename=\"query-{id}.{ending}\"");
    let headers =
        [(header::CONTENT_TYPE, media_type.to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(export.send(wanted.format))).into_response())
}

fn estimated(estimate: QueryEstimate) -> EstimateAnswer {
    let whole: Vec<_> = estimate
        .tables
        .iter()
        .filter(|table| table.is_read_whole())
        .map(|table| format!("all {} partitions of {}", table.partitions_total, table.table))
        .collect();
    let warning = (!whole.is_empty()).then(|| {
        let tables = whole.join(" and ");
        format!("This reads {tables}: a filter on year, month and day would read less.")
    });
    EstimateAnswer {
        files: estimate.cost.files,
        bytes: estimate.cost.bytes,
        partitions: estimate.cost.partitions,
        partitions_total: estimate.tables.iter().map(|table| table.partitions_total).sum(),
        estimated_usd: athena_usd(estimate.cost.bytes),
        warning,
        rewrite: estimate
            .rewrite
            .map(|rewrite| FilteredQuery { condition: rewrite.condition, sql: rewrite.sql }),
        tables: estimate
            .tables
            .into_iter()
            .map(|table| TableReads {
                table: table.table.to_string(),
                partitions: table.partitions,
                partitions_total: table.partitions_total,
                files: table.files,
                bytes: table.bytes,
            })
            .collect(),
    }
}
