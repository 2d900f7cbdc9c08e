//! Samples: keep one, propose from it, preview it; and the raw zone to pick one from.

use app::api::Page;
use app::api::samples::{
    PreviewRequest, ProposalRequest, RawObject, RawObjectQuery, SourcePreview, SourceProposal,
    UploadedSample,
};
use axum::body::Body;
use axum::extract::{Path, Query};
use serde::Deserialize;

use crate::sources::look::{preview_of, propose_from};
use crate::sources::raw_zone;
use crate::sources::samples::Samples;
use crate::web::{Answer, InEnvironment, Json};

/// The sample of the path.
#[derive(Debug, Deserialize)]
pub(crate) struct SamplePath {
    id: String,
}

/// Keeps the body as a sample for an hour, at most its first 64 MiB. It does not go into the lake.
#[utoipa::path(post, path = "/environments/{environment}/source-samples",
    params(("environment" = String, Path)),
    request_body(content = String, content_type = "application/octet-stream"),
    responses((status = 200, body = UploadedSample)), tag = "sources")]
pub(crate) async fn keep(at: InEnvironment, body: Body) -> Answer<UploadedSample> {
    Ok(Json(samples(&at).keep(body.into_data_stream()).await?))
}

/// Forgets a sample before its hour is over.
#[utoipa::path(delete, path = "/environments/{environment}/source-samples/{id}",
    params(("environment" = String, Path), ("id" = String, Path)),
    responses((status = 200)), tag = "sources")]
pub(crate) async fn forget(at: InEnvironment, Path(path): Path<SamplePath>) -> Answer<()> {
    Ok(Json(samples(&at).remove(&path.id).await?))
}

/// Proposes how to register a sample, judged by all of its values. Changes nothing.
#[utoipa::path(post, path = "/environments/{environment}/source-proposals",
    params(("environment" = String, Path)), request_body = ProposalRequest,
    responses((status = 200, body = SourceProposal)), tag = "sources")]
pub(crate) async fn propose(
    at: InEnvironment,
    Json(request): Json<ProposalRequest>,
) -> Answer<SourceProposal> {
    let ProposalRequest { sample, format } = request;
    Ok(Json(propose_from(&at.lake, &samples(&at), &sample, format).await?))
}

/// Shows what a run of a sample would write and reject under a registration that need not be saved.
/// Changes nothing.
#[utoipa::path(post, path = "/environments/{environment}/source-previews",
    params(("environment" = String, Path)), request_body = PreviewRequest,
    responses((status = 200, body = SourcePreview)), tag = "sources")]
pub(crate) async fn preview(
    at: InEnvironment,
    Json(request): Json<PreviewRequest>,
) -> Answer<SourcePreview> {
    let PreviewRequest { sample, source } = request;
    Ok(Json(preview_of(&at.lake, &samples(&at), &sample, &source).await?))
}

/// A folder of the raw zone.
#[utoipa::path(get, path = "/environments/{environment}/raw-objects",
    params(("environment" = String, Path), RawObjectQuery),
    responses((status = 200, body = Page<RawObject>)), tag = "sources")]
pub(crate) async fn raw_objects(
    at: InEnvironment,
    Query(query): Query<RawObjectQuery>,
) -> Answer<Page<RawObject>> {
    let prefix = query.prefix.unwrap_or_default();
    let limit = query.limit.unwrap_or(100).clamp(1, 500) as usize;
    let raw = at.lake.raw.as_ref();
    let (items, next) = raw_zone::list(raw, &prefix, query.after.as_deref(), limit).await?;
    Ok(Json(Page { items, next }))
}

fn samples(at: &InEnvironment) -> Samples {
    Samples::of(&at.data_dir, &at.lake.environment)
}
