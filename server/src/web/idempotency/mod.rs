//! Changes that may be sent again: with an `Idempotency-Key` of the caller's choice, a change that
//! was carried out is not carried out again; its answer is repeated.
//!
//! Answers of changes that failed are not kept: they changed nothing, and the next try may succeed.

mod store;

use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::Result;
use jiff::Timestamp;

use super::problem::Refusal;
use crate::accounts::{Caller, hash};
use crate::console::Console;
use store::{Claim, KeptAnswer, Key};

pub use store::LIFE;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The largest body, in or out, that goes with a key.
const LARGEST: usize = 1024 * 1024;

/// Marks an answer that must not be stored, because it holds a secret.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NotKept;

/// Carries a change with a key out once.
pub(super) async fn once(
    State(console): State<Arc<Console>>,
    request: Request,
    next: Next,
) -> Response {
    let changes = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let caller = request.extensions().get::<Caller>().map(|caller| caller.user.id.clone());
    let key = request.headers().get(KEY).cloned();
    let (true, Some(caller), Some(key)) = (changes.contains(request.method()), caller, key) else {
        return next.run(request).await;
    };
    match with_key(&console, caller, &key, request, next).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

async fn with_key(
    console: &Console,
    caller: String,
    key: &HeaderValue,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let key = readable(key)?;
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LARGEST).await.map_err(|_| {
        let detail = format!("With an Idempotency-Key a body may have up to {LARGEST} bytes.");
        Refusal::of_status(StatusCode::PAYLOAD_TOO_LARGE, detail)
    })?;
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let request = format!("{} {target}", parts.method);
    let key = Key { caller, key, request, body_hash: hash(&body) };
    let database = console.accounts.database();
    match store::claim(database, &key, Timestamp::now()).await? {
        Claim::Ours => {}
        Claim::Done(kept) => return repeated(kept),
        Claim::UnderWay => {
            return Err(conflict("The first request with this Idempotency-Key is under way."));
        }
        Claim::Other => {
            return Err(Refusal::unprocessable(
                "This Idempotency-Key was used for another request: choose a new one for each change.",
            ));
        }
    }
    // Whoever sent the request may give up waiting; the outcome must be kept all the same.
    let (database, console_key) = (database.clone(), key);
    let carried_out = tokio::spawn(in_this_request(async move {
        let response = next.run(Request::from_parts(parts, Body::from(body))).await;
        keep(&database, &console_key, response).await
    }));
    match carried_out.await {
        Ok(response) => Ok(response?),
        Err(error) => Err(domain::Error::internal(format!("a change broke off: {error}")).into()),
    }
}

/// The new task belongs to the same request, for log and audit.
async fn in_this_request<F: Future>(future: F) -> F::Output {
    crate::audit::in_request(crate::audit::request_id(), future).await
}

/// Stores the answer of a change that was carried out; forgets the key of one that was not.
async fn keep(database: &database::Database, key: &Key, response: Response) -> Result<Response> {
    if !response.status().is_success() {
        store::forget(database, key).await?;
        return Ok(response);
    }
    let status = response.status().as_u16();
    let secret = response.extensions().get::<NotKept>().is_some();
    let length = response.body().size_hint().exact();
    if secret || length.is_none_or(|length| length > LARGEST as u64) {
        store::keep(database, key, &KeptAnswer { status, body: None }).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, LARGEST).await.unwrap_or_else(|_| Bytes::new());
    let media_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let text = String::from_utf8(bytes.to_vec()).ok();
    let body = text.map(|text| (media_type.unwrap_or_default().to_owned(), text));
    store::keep(database, key, &KeptAnswer { status, body }).await?;
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

fn repeated(kept: KeptAnswer) -> Result<Response, Refusal> {
    let Some((media_type, text)) = kept.body else {
        return Err(conflict(
            "This was carried out before, but its answer was not kept: it held a secret or was too \
             long.",
        ));
    };
    let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    let mut response = (status, text).into_response();
    if let Ok(media_type) = HeaderValue::from_str(&media_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

fn readable(key: &HeaderValue) -> Result<String, Refusal> {
    let text = key.to_str().ok().filter(|text| (1..=255).contains(&text.len()));
    let detail = "An Idempotency-Key has 1 to 255 visible ASCII characters, for example a UUID.";
    text.map(str::to_owned).ok_or_else(|| Refusal::of_status(StatusCode::BAD_REQUEST, detail))
}

fn conflict(detail: &str) -> Refusal {
    Refusal::of_status(StatusCode::CONFLICT, detail)
}
