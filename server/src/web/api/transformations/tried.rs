//! Trying SQL before it is saved. Nothing is written.

use app::api::transformations::{Checked, DryRun, Preview, SqlText};
use axum::extract::Path;

use super::DatasetPath;
use crate::transformations::tried;
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
