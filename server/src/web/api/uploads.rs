//! Uploads: begin, send a piece, ask where it stands, abort.

use std::sync::Arc;

use app::api::Problem;
use app::api::uploads::{BeginUpload, OFFSET_HEADER, UploadProgress};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{Error, ErrorKind, Result};
use etl_embedded::{NewUpload, Upload};
use futures::TryStreamExt;
use jiff::Timestamp;

use crate::accounts::Caller;
use crate::console::Console;
use crate::uploads;
use crate::web::{Answer, InEnvironment, Json, Refusal};

/// Bytes of a piece: large enough for speed, small enough to send again.
const CHUNK_BYTES: u64 = 8 * 1024 * 1024;

/// Begin an upload into the raw zone. Its bytes follow by PATCH.
#[utoipa::path(post, path = "/environments/{environment}/uploads",
    params(("environment" = String, Path)), request_body = BeginUpload,
    responses((status = 201, body = UploadProgress), (status = 429, body = Problem),
        (status = 507, body = Problem)), tag = "uploads")]
pub(crate) async fn begin(
    at: InEnvironment,
    caller: Caller,
    Json(new): Json<BeginUpload>,
) -> std::result::Result<Response, Refusal> {
    let new = NewUpload {
        owner: caller.user.id.clone(),
        actor: caller.login().to_owned(),
        dataset: new.dataset,
        file_name: new.file_name,
        size: new.size,
    };
    check_room(&at, new.size).await?;
    let upload = at.uploads.begin(new, Timestamp::now()).await?;
    let progress = Json(progress(&at, &upload).await?);
    Ok((StatusCode::CREATED, offset_header(&upload), progress).into_response())
}

/// Where an upload of the caller stands: the next piece begins at `offset`.
#[utoipa::path(get, path = "/environments/{environment}/uploads/{upload}",
    params(("environment" = String, Path), ("upload" = String, Path)),
    responses((status = 200, body = UploadProgress), (status = 404, body = Problem)),
    tag = "uploads")]
pub(crate) async fn show(
    at: InEnvironment,
    caller: Caller,
    Path((_, id)): Path<(String, String)>,
) -> Answer<UploadProgress> {
    let upload = own(&at, &caller, &id).await?;
    Ok(Json(progress(&at, &upload).await?))
}

/// Send the piece of a file that begins at the byte named by the header `Upload-Offset`. The last
/// piece lands the file and answers its run. 409 says in the same header where the upload stands.
#[utoipa::path(patch, path = "/environments/{environment}/uploads/{upload}",
    params(("environment" = String, Path), ("upload" = String, Path), ("upload-offset" = u64, Header)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = UploadProgress), (status = 409, body = Problem),
        (status = 413, body = Problem)), tag = "uploads")]
pub(crate) async fn send(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> std::result::Result<Response, Refusal> {
    let upload = own(&at, &caller, &id).await?;
    let offset = number(&headers, OFFSET_HEADER).ok_or_else(|| {
        Refusal::unprocessable("the header Upload-Offset must say where the piece begins")
    })?;
    let announced = number(&headers, header::CONTENT_LENGTH.as_str()).unwrap_or_default();
    if offset.saturating_add(announced) > upload.size {
        return Err(Refusal::of_status(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the file has {} bytes, and this piece goes beyond", upload.size),
        ));
    }
    check_room(&at, 0).await?;
    let landed_before = upload.run.is_some();
    let metrics = Arc::clone(&console.operations.metrics);
    let bytes =
        body.into_data_stream().inspect_ok(move |piece| metrics.uploaded(piece.len() as u64));
    let bytes = bytes.map_err(|_| {
        Error::new(ErrorKind::Unavailable, "the piece broke off: go on from where it stands")
    });
    match uploads::append(at.0.clone(), upload, offset, bytes).await {
        Ok(upload) => {
            // Told once, not with every repetition of the last piece.
            if let Some(run) = upload.run.filter(|_| !landed_before) {
                let landed = serde_json::json!({ "bytes": upload.size, "run": run });
                let (environment, nothing) = (Some(&at.lake.environment), None::<&()>);
                let audit = &console.audit;
                audit
                    .record(
                        &caller,
                        "upload.land",
                        environment,
                        &upload.key,
                        nothing,
                        Some(&landed),
                    )
                    .await?;
            }
            Ok((offset_header(&upload), Json(progress(&at, &upload).await?)).into_response())
        }
        Err(error) if error.kind() == ErrorKind::Conflict => {
            let stands = own(&at, &caller, &id).await?;
            Ok((offset_header(&stands), Refusal::from(error)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// Abort an upload and remove what was sent.
#[utoipa::path(delete, path = "/environments/{environment}/uploads/{upload}",
    params(("environment" = String, Path), ("upload" = String, Path)),
    responses((status = 204), (status = 409, body = Problem)), tag = "uploads")]
pub(crate) async fn abort(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path((_, id)): Path<(String, String)>,
) -> std::result::Result<StatusCode, Refusal> {
    let upload = own(&at, &caller, &id).await?;
    at.uploads.abort(&upload).await?;
    let aborted = serde_json::json!({ "bytes": upload.size, "received": upload.received });
    let environment = Some(&at.lake.environment);
    let audit = &console.audit;
    audit
        .record(&caller, "upload.abort", environment, &upload.key, Some(&aborted), None::<&()>)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The caller's upload; those of others are not found.
async fn own(at: &InEnvironment, caller: &Caller, id: &str) -> Result<Upload> {
    at.uploads.find(id.parse()?, &caller.user.id).await
}

async fn check_room(at: &InEnvironment, bytes: u64) -> std::result::Result<(), Refusal> {
    if at.uploads.has_room(bytes).await {
        return Ok(());
    }
    let detail = "The disk of the raw zone has too little room for this: make room, then go on.";
    Err(Refusal::of_status(StatusCode::INSUFFICIENT_STORAGE, detail))
}

async fn progress(at: &InEnvironment, upload: &Upload) -> Result<UploadProgress> {
    Ok(UploadProgress {
        id: upload.id,
        key: upload.key.clone(),
        size: upload.size,
        offset: upload.received,
        chunk_bytes: CHUNK_BYTES,
        replaces: upload.run.is_none() && at.uploads.replaces(upload).await?,
        run: upload.run,
    })
}

fn offset_header(upload: &Upload) -> HeaderMap {
    HeaderMap::from_iter([(
        header::HeaderName::from_static(OFFSET_HEADER),
        HeaderValue::from(upload.received),
    )])
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}
