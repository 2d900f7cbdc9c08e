//! `POST /webhooks/github`: pushes, as GitHub tells of them. Open to everybody, believed by signature.

use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use domain::{Error, ErrorKind, Result};
use futures::StreamExt;
use serde_json::{Value, json};

use super::problem::Refusal;
use crate::config::Secret;
use crate::console::Console;
use crate::delivery::webhook::{Push, Signature, Told, read};

/// Largest delivery: pushes name their commits, and nothing else is needed (C15).
const MOST_BYTES: usize = 1024 * 1024;

/// The route. Its signature stands for the checks of browsers' requests.
pub(super) fn routes(console: &Arc<Console>) -> Router {
    Router::new().route("/webhooks/github", post(github)).with_state(Arc::clone(console))
}

async fn github(State(console): State<Arc<Console>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    match believed(&console, &head.headers, body).await {
        Ok(body) => match told(&console, &head.headers, &body).await {
            Ok(answer) => (StatusCode::ACCEPTED, Json(answer)).into_response(),
            Err(error) => Refusal::from(error).into_response(),
        },
        Err(refusal) => refusal.into_response(),
    }
}

/// The body of a delivery that GitHub signed. What the head alone gives away as wrong is refused
/// before anything of the body is read.
async fn believed(
    console: &Console,
    headers: &HeaderMap,
    body: Body,
) -> std::result::Result<Vec<u8>, Refusal> {
    let secret = secret(console)?;
    let signature = Signature::read(text(headers, "x-hub-signature-256"))?;
    let body = read_whole(body).await?;
    signature.check(secret.expose(), &body)?;
    Ok(body)
}

fn secret(console: &Console) -> Result<&Secret> {
    console.delivery.config.webhook_secret.as_ref().ok_or_else(|| {
        Error::new(ErrorKind::Denied, "no webhook is set up: set delivery.webhook_secret")
    })
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// All bytes of a body, which is refused by the length it declares, else as soon as it is too long.
async fn read_whole(body: Body) -> std::result::Result<Vec<u8>, Refusal> {
    let too_long = || {
        let detail = format!("A delivery has at most {MOST_BYTES} bytes.");
        Refusal::of_status(StatusCode::PAYLOAD_TOO_LARGE, detail)
    };
    if body.size_hint().lower() > MOST_BYTES as u64 {
        return Err(too_long());
    }
    let (mut bytes, mut pieces) = (Vec::new(), body.into_data_stream());
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| {
            Refusal::of_status(StatusCode::BAD_REQUEST, "The delivery did not come whole.")
        })?;
        if bytes.len() + piece.len() > MOST_BYTES {
            return Err(too_long());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

async fn told(console: &Console, headers: &HeaderMap, body: &[u8]) -> Result<Value> {
    match read(text(headers, "x-github-event").unwrap_or_default(), body)? {
        Told::Nothing(why) => Ok(nothing(why)),
        Told::Push(push) => look(console, push).await,
    }
}

async fn look(console: &Console, push: Push) -> Result<Value> {
    let Push { repository, branch, after, pusher, forced } = &push;
    tracing::info!(
        ?repository, %branch, %after, pusher = ?pusher.login, forced, "GitHub told of a push"
    );
    let delivery = &console.delivery;
    if !delivery.is_named(repository) {
        return Ok(nothing("it is not the lake repository"));
    }
    let definition = delivery.required_definition().await?;
    let Some(environment) = definition.lake.environment_of(branch) else {
        return Ok(nothing("no environment is delivered from it"));
    };
    match delivery.repository.head(branch).await? {
        Some(head) if head == *after => {}
        Some(head) => {
            let head = head.short();
            return Ok(nothing(format!(
                "the branch stands at {head}: its own delivery or the next look starts that"
            )));
        }
        None => return Ok(nothing("the branch is not there")),
    }
    let started = delivery.pushed(&definition, environment, &push).await?;
    Ok(match started {
        Some(execution) => json!({ "started": execution.id }),
        None => nothing("this push was heard of before: start the pipeline to deliver it again"),
    })
}

fn nothing(because: impl Into<String>) -> Value {
    json!({ "started": null, "because": because.into() })
}
