//! Lineage: the graph of the lake, one column's part of it, what a change of a source would break.

use std::sync::Arc;

use app::api::lineage::{
    Breakage, ColumnLineage, ColumnRef, LineageGraph, SourceChange, VersionQuery,
};
use axum::extract::{Path, Query, State};
use domain::access::Permission;
use serde::Deserialize;

use super::dataset_path::DatasetPath;
use crate::accounts::Caller;
use crate::console::Console;
use crate::lineage;
use crate::web::{Answer, InEnvironment, Json};

/// The column of the path.
#[derive(Debug, Deserialize)]
pub(crate) struct ColumnPath {
    database: String,
    table: String,
    column: String,
}

/// Every table of the lake and how their columns depend on each other; one table as an earlier
/// version of its transformation builds it, if that is asked for.
#[utoipa::path(get, path = "/environments/{environment}/lineage",
    params(("environment" = String, Path), VersionQuery),
    responses((status = 200, body = LineageGraph)), tag = "lineage")]
pub(crate) async fn show(
    at: InEnvironment,
    Query(query): Query<VersionQuery>,
) -> Answer<LineageGraph> {
    Ok(Json(lineage::graph(&at, &query).await?))
}

/// Everything that a column depends on, and everything that depends on it.
#[utoipa::path(get, path = "/environments/{environment}/lineage/{database}/{table}/{column}",
    params(("environment" = String, Path), ("database" = String, Path), ("table" = String, Path),
        ("column" = String, Path), VersionQuery),
    responses((status = 200, body = ColumnLineage)), tag = "lineage")]
pub(crate) async fn column(
    at: InEnvironment,
    Path(path): Path<ColumnPath>,
    Query(query): Query<VersionQuery>,
) -> Answer<ColumnLineage> {
    let ColumnPath { database, table, column } = path;
    let graph = lineage::graph(&at, &query).await?;
    Ok(Json(lineage::of_column(&graph, ColumnRef { database, table, column })?))
}

/// The transformations and saved queries that would break or change if columns of a source were
/// dropped or retyped. Of others' private queries only how many. Nothing is changed.
#[utoipa::path(post, path = "/environments/{environment}/sources/{system}/{table}/breaks",
    params(("environment" = String, Path), ("system" = String, Path), ("table" = String, Path)),
    request_body = SourceChange,
    responses((status = 200, body = Breakage)), tag = "lineage")]
pub(crate) async fn breaks(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<DatasetPath>,
    Json(change): Json<SourceChange>,
) -> Answer<Breakage> {
    let dataset = path.dataset()?;
    let environment = &at.lake.environment;
    let may_query = caller.rights.allow(Permission::RunQueries, Some(environment));
    let reader = lineage::Reader { id: &caller.user.id, may_query };
    let saved = &console.workbench(environment)?.saved;
    Ok(Json(lineage::breaks(&at.lake, saved, reader, &dataset, &change).await?))
}
