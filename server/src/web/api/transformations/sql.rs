//! What an editor of SQL needs whatever it edits: what can be named, and how text is laid out.

use app::api::transformations::{SqlCatalog, SqlText};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Error;
use sha2::{Digest, Sha256};

use crate::transformations::{format as layout, sql_catalog};
use crate::web::problem::Refusal;
use crate::web::{Answer, InEnvironment, Json};

/// Lays SQL out; its words stay as they are.
#[utoipa::path(post, path = "/environments/{environment}/sql/format",
    params(("environment" = String, Path)), request_body = SqlText,
    responses((status = 200, body = SqlText)), tag = "transformations")]
pub(crate) async fn format(_at: InEnvironment, Json(text): Json<SqlText>) -> Answer<SqlText> {
    Ok(Json(SqlText { sql: layout::format(&text.sql)? }))
}

/// Databases, tables, columns and functions that SQL can name. With an `ETag`: 304 when nothing
/// changed since the one in `If-None-Match`.
#[utoipa::path(get, path = "/environments/{environment}/sql/catalog",
    params(("environment" = String, Path)),
    responses((status = 200, body = SqlCatalog)), tag = "transformations")]
pub(crate) async fn catalog(at: InEnvironment, headers: HeaderMap) -> Result<Response, Refusal> {
    let catalog = sql_catalog::sql_catalog(&at.lake).await?;
    let text = serde_json::to_string(&catalog)
        .map_err(|error| Error::internal("the catalog cannot be written").with_source(error))?;
    let digest = Sha256::digest(text.as_bytes());
    let tag: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    // Weak, because the answer may be compressed on its way.
    let tag = HeaderValue::from_str(&format!("W/\"{tag}\""))
        .map_err(|error| Error::internal("the tag is no header").with_source(error))?;
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| *known == tag);
    let headers = [
        (header::ETAG, tag),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
    ];
    if known {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Ok((headers, text).into_response())
}
