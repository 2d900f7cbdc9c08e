//! Trying SQL before it is saved. Nothing is written.

use app::api::transformations::{
    Checked, DryRun, FixtureReport, Impact, ImpactRequest, Preview, SqlText,
};
use axum::extract::Path;
use tokio_util::sync::CancellationToken;

use super::DatasetPath;
use crate::transformations::{fixtures, impact as comparing, tried};
use crate::web::{Answer, InEnvironment, Json};

/// What is wrong or doubtful in SQL, each at its place; for checks while it is typed.
#[utoipa::path(post, path = "/environments/{environment}/transformations/{system}/{table}/check",
    params(("environment" = String, Path), ("system" = String, Path), ("table" = String, Path)),
    request_body = SqlText,
    responses((status = 200, body = Checked)), tag = "transformations")]
pub(crate) async fn check(
    at: InEnvironment,
    Path(path): Path<DatasetPath>,
    Json(text): Json<SqlText>,
) -> Answer<Checked> {
    Ok(Json(tried::check(&at.lake, &path.dataset()?, &text.sql).await?))
}

/// What SQL would return, without a row read, and how that differs from the table as it is.
#[utoipa::path(post, path = "/environments/{environment}/transformations/{system}/{table}/dry-run",
    params(("environment" = String, Path), ("system" = String, Path), ("table" = String, Path)),
    request_body = SqlText,
    responses((status = 200, body = DryRun)), tag = "transformations")]
pub(crate) async fn dry_run(
    at: InEnvironment,
    Path(path): Path<DatasetPath>,
    Json(text): Json<SqlText>,
) -> Answer<DryRun> {
    Ok(Json(tried::dry_run(&at.lake, &path.dataset()?, &text.sql).await?))
}

/// The first rows that SQL returns over the newest partitions of real rows.
#[utoipa::path(post, path = "/environments/{environment}/transformations/{system}/{table}/preview",
    params(("environment" = String, Path), ("system" = String, Path), ("table" = String, Path)),
    request_body = SqlText,
    responses((status = 200, body = Preview)), tag = "transformations")]
pub(crate) async fn preview(
    at: InEnvironment,
    Path(path): Path<DatasetPath>,
    Json(text): Json<SqlText>,
) -> Answer<Preview> {
    Ok(Json(tried::preview(&at, &path.dataset()?, &text.sql).await?))
}

/// What other SQL would change: both versions over the same sample of real rows, row by row.
#[utoipa::path(post, path = "/environments/{environment}/transformations/{system}/{table}/impact",
    params(("environment" = String, Path), ("system" = String, Path), ("table" = String, Path)),
    request_body = ImpactRequest,
    responses((status = 200, body = Impact)), tag = "transformations")]
pub(crate) async fn impact(
    at: InEnvironment,
    Path(path): Path<DatasetPath>,
    Json(asked): Json<ImpactRequest>,
) -> Answer<Impact> {
    // A caller who goes away drops this future, and with it both queries.
    let cancel = CancellationToken::new();
    Ok(Json(comparing::impact(&at, &path.dataset()?, &asked, &cancel).await?))
}

/// Runs the dataset's fixture tests over SQL.
#[utoipa::path(post, path = "/environments/{environment}/transformations/{system}/{table}/tests",
    params(("environment" = String, Path), ("system" = String, Path), ("table" = String, Path)),
    request_body = SqlText,
    responses((status = 200, body = FixtureReport)), tag = "transformations")]
pub(crate) async fn tests(
    at: InEnvironment,
    Path(path): Path<DatasetPath>,
    Json(text): Json<SqlText>,
) -> Answer<FixtureReport> {
    let dataset = path.dataset()?;
    Ok(Json(fixtures::report(&at.lake, &at.data_dir, &dataset, &text.sql).await?))
}
