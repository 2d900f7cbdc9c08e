//! The catalog: tables, their descriptions, days, sample rows, history.

use std::sync::Arc;

use app::api::Page;
use app::api::catalog::{
    CatalogList, CatalogQuery, DescriptionChange, PartitionQuery, SampleQuery, TableDetail,
    TableDifference, TablePartition, TablePoint, TableSample,
};
use app::api::sources::{CalendarQuery, PartitionCalendar};
use axum::extract::{Path, Query, State};
use domain::table::TableName;
use serde::Deserialize;

use crate::accounts::Caller;
use crate::catalog;
use crate::console::Console;
use crate::web::{Answer, InEnvironment, Json};

/// Most entries of a page.
const MOST: u32 = 200;
/// Entries of a page when nobody asks for a number.
const USUAL: u32 = 50;

/// The table of the path.
#[derive(Debug, Deserialize)]
pub(crate) struct TablePath {
    database: String,
    table: String,
}

impl TablePath {
    fn name(&self) -> TableName {
        TableName::new(&self.database, &self.table)
    }
}

/// Two points in the history of the table of the path.
#[derive(Debug, Deserialize)]
pub(crate) struct TwoPoints {
    database: String,
    table: String,
    before: u64,
    after: u64,
}

/// Databases, and tables by name.
#[utoipa::path(get, path = "/environments/{environment}/catalog", tag = "catalog",
    operation_id = "list_tables", params(("environment" = String, Path), CatalogQuery),
    responses((status = 200, body = CatalogList)))]
pub(crate) async fn list(
    at: InEnvironment,
    Query(query): Query<CatalogQuery>,
) -> Answer<CatalogList> {
    Ok(Json(catalog::list(&at.lake, &query, limit(query.limit)).await?))
}

/// One table: columns, descriptions, size, where it comes from.
#[utoipa::path(get, path = "/environments/{environment}/catalog/{database}/{table}",
    tag = "catalog", operation_id = "show_table", params(("environment" = String, Path),
        ("database" = String, Path), ("table" = String, Path)),
    responses((status = 200, body = TableDetail)))]
pub(crate) async fn show(at: InEnvironment, Path(path): Path<TablePath>) -> Answer<TableDetail> {
    Ok(Json(catalog::detail(&at.lake, &path.name()).await?))
}

/// Describes a table and its columns. 409 when the table was changed meanwhile.
#[utoipa::path(put, path = "/environments/{environment}/catalog/{database}/{table}",
    tag = "catalog", operation_id = "describe_table", params(("environment" = String, Path),
        ("database" = String, Path), ("table" = String, Path)),
    request_body = DescriptionChange, responses((status = 200, body = TableDetail)))]
pub(crate) async fn describe(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<TablePath>,
    Json(change): Json<DescriptionChange>,
) -> Answer<TableDetail> {
    let name = path.name();
    let changed = catalog::describe(&at.lake, &name, &change, caller.login()).await?;
    if let Some((before, after)) = changed {
        let (environment, object) = (&at.lake.environment, name.to_string());
        let (before, after) = (Some(&before), Some(&after));
        let audit = &console.audit;
        let action = "catalog.describe";
        audit.record(&caller, action, Some(environment), &object, before, after).await?;
    }
    Ok(Json(catalog::detail(&at.lake, &name).await?))
}

/// Partitions, newest first.
#[utoipa::path(get, path = "/environments/{environment}/catalog/{database}/{table}/partitions",
    tag = "catalog", operation_id = "list_partitions", params(("environment" = String, Path),
        ("database" = String, Path), ("table" = String, Path), PartitionQuery),
    responses((status = 200, body = Page<TablePartition>)))]
pub(crate) async fn partitions(
    at: InEnvironment,
    Path(path): Path<TablePath>,
    Query(query): Query<PartitionQuery>,
) -> Answer<Page<TablePartition>> {
    let limit = limit(query.limit);
    Ok(Json(catalog::partitions(&at.lake, &path.name(), &query, limit).await?))
}

/// A year of a table: rows and bytes of each day.
#[utoipa::path(get, path = "/environments/{environment}/catalog/{database}/{table}/calendar",
    tag = "catalog", operation_id = "table_calendar", params(("environment" = String, Path),
        ("database" = String, Path), ("table" = String, Path), CalendarQuery),
    responses((status = 200, body = PartitionCalendar)))]
pub(crate) async fn calendar(
    at: InEnvironment,
    Path(path): Path<TablePath>,
    Query(query): Query<CalendarQuery>,
) -> Answer<PartitionCalendar> {
    Ok(Json(catalog::calendar(&at.lake, &path.name(), query.year).await?))
}

/// The first hundred rows of a day, the newest unless another is asked for.
#[utoipa::path(get, path = "/environments/{environment}/catalog/{database}/{table}/sample",
    tag = "catalog", operation_id = "sample_table", params(("environment" = String, Path),
        ("database" = String, Path), ("table" = String, Path), SampleQuery),
    responses((status = 200, body = TableSample)))]
pub(crate) async fn sample(
    at: InEnvironment,
    Path(path): Path<TablePath>,
    Query(query): Query<SampleQuery>,
) -> Answer<TableSample> {
    Ok(Json(catalog::sample(&at, &path.name(), query.day.as_deref()).await?))
}

/// Every change of the table's columns and descriptions, newest first.
#[utoipa::path(get, path = "/environments/{environment}/catalog/{database}/{table}/history",
    tag = "catalog", operation_id = "table_history", params(("environment" = String, Path),
        ("database" = String, Path), ("table" = String, Path)),
    responses((status = 200, body = Vec<TablePoint>)))]
pub(crate) async fn history(
    at: InEnvironment,
    Path(path): Path<TablePath>,
) -> Answer<Vec<TablePoint>> {
    Ok(Json(catalog::history(&at.lake, &path.name()).await?))
}

/// What sets two points of the history apart, column by column.
#[utoipa::path(get,
    path = "/environments/{environment}/catalog/{database}/{table}/history/{before}/compare/{after}",
    tag = "catalog", operation_id = "compare_table_history", params(("environment" = String, Path),
        ("database" = String, Path), ("table" = String, Path), ("before" = u64, Path),
        ("after" = u64, Path)),
    responses((status = 200, body = TableDifference)))]
pub(crate) async fn compare(
    at: InEnvironment,
    Path(path): Path<TwoPoints>,
) -> Answer<TableDifference> {
    let name = TableName::new(path.database, path.table);
    Ok(Json(catalog::compare(&at.lake, &name, path.before, path.after).await?))
}

fn limit(asked: Option<u32>) -> usize {
    asked.unwrap_or(USUAL).clamp(1, MOST) as usize
}
