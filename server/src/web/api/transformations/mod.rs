//! Transformations: list, show, versions; change, try and lay out in the modules below.

pub(crate) mod change;
pub(crate) mod sql;
pub(crate) mod tried;

use app::api::Page;
use app::api::transformations::{
    SavedTransformation, TransformationDetail, TransformationQuery, TransformationSummary,
    VersionSummary,
};
use axum::extract::{Path, Query};
use domain::Error;
use domain::dataset::DatasetId;
use serde::Deserialize;

use super::dataset_path::DatasetPath;
use crate::transformations;
use crate::web::{Answer, InEnvironment, Json};

/// Most entries of a page.
const MOST: u32 = 200;
/// Entries of a page when nobody asks for a number.
const USUAL: u32 = 50;

/// One version of the dataset of the path.
#[derive(Debug, Deserialize)]
pub(crate) struct VersionPath {
    system: String,
    table: String,
    version: u64,
}

/// Registered datasets with their transformations, by dataset.
#[utoipa::path(get, path = "/environments/{environment}/transformations",
    params(("environment" = String, Path), TransformationQuery),
    responses((status = 200, body = Page<TransformationSummary>)), tag = "transformations")]
pub(crate) async fn list(
    at: InEnvironment,
    Query(query): Query<TransformationQuery>,
) -> Answer<Page<TransformationSummary>> {
    let search = query.search.as_deref().filter(|search| !search.trim().is_empty());
    let limit = query.limit.unwrap_or(USUAL).clamp(1, MOST) as usize;
    let (items, next) = transformations::list(&at, search, query.after.as_deref(), limit).await?;
    Ok(Json(Page { items, next }))
}

/// One dataset's transformation as it runs.
#[utoipa::path(get, path = "/environments/{environment}/transformations/{system}/{table}",
    params(("environment" = String, Path), ("system" = String, Path), ("table" = String, Path)),
    responses((status = 200, body = TransformationDetail)), tag = "transformations")]
pub(crate) async fn show(
    at: InEnvironment,
    Path(path): Path<DatasetPath>,
) -> Answer<TransformationDetail> {
    Ok(Json(transformations::detail(&at, &path.dataset()?).await?))
}

/// All versions, newest first, without their SQL.
#[utoipa::path(get, path = "/environments/{environment}/transformations/{system}/{table}/versions",
    params(("environment" = String, Path), ("system" = String, Path), ("table" = String, Path)),
    responses((status = 200, body = Vec<VersionSummary>)), tag = "transformations")]
pub(crate) async fn versions(
    at: InEnvironment,
    Path(path): Path<DatasetPath>,
) -> Answer<Vec<VersionSummary>> {
    let versions = at.lake.transformations.history(&path.dataset()?).await?;
    Ok(Json(versions.iter().map(transformations::summary).collect()))
}

/// One version with its SQL.
#[utoipa::path(get,
    path = "/environments/{environment}/transformations/{system}/{table}/versions/{version}",
    params(("environment" = String, Path), ("system" = String, Path), ("table" = String, Path),
        ("version" = u64, Path)),
    responses((status = 200, body = SavedTransformation)), tag = "transformations")]
pub(crate) async fn version(
    at: InEnvironment,
    Path(path): Path<VersionPath>,
) -> Answer<SavedTransformation> {
    let dataset = DatasetId::new(&path.system, &path.table)?;
    let found = at.lake.transformations.version(&dataset, path.version).await?;
    let found = found.ok_or_else(|| {
        let version = path.version;
        Error::not_found(format!("the transformation of {dataset} has no version {version}"))
    })?;
    Ok(Json(transformations::saved(found)))
}
