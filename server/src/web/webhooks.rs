//! `POST /webhooks/github`: pushes, as GitHub tells of them. Open to everybody, believed by signature.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use domain::pipeline::Cause;
use domain::{Error, ErrorKind, Result};
use serde_json::{Value, json};

use super::problem::Refusal;
use crate::console::Console;
use crate::delivery::webhook::{Push, Told, read, verify};

/// Largest delivery: pushes name their commits, and nothing else is needed (C15).
const MOST_BYTES: usize = 1024 * 1024;

/// The route. Its signature stands for the checks of browsers' requests.
pub(super) fn routes(console: &Arc<Console>) -> Router {
    Router::new()
        .route("/webhooks/github", post(github))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .with_state(Arc::clone(console))
}

async fn github(State(console): State<Arc<Console>>, headers: HeaderMap, body: Bytes) -> Response {
    match told(&console, &headers, &body).await {
        Ok(answer) => (StatusCode::ACCEPTED, Json(answer)).into_response(),
        Err(error) => Refusal::from(error).into_response(),
    }
}

async fn told(console: &Console, headers: &HeaderMap, body: &[u8]) -> Result<Value> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let secret = console.delivery.config.webhook_secret.as_ref().ok_or_else(|| {
        Error::new(ErrorKind::Denied, "no webhook is set up: set delivery.webhook_secret")
    })?;
    verify(secret.expose(), text("x-hub-signature-256"), body)?;
    match read(text("x-github-event").unwrap_or_default(), body)? {
        Told::Nothing(why) => Ok(json!({ "started": null, "because": why })),
        Told::Push(push) => look(console, push).await,
    }
}

async fn look(console: &Console, push: Push) -> Result<Value> {
    let delivery = &console.delivery;
    if !delivery.is_lake_repository(&push.repository) {
        return Ok(json!({ "started": null, "because": "it is not the lake repository" }));
    }
    let definition = delivery.required_definition().await?;
    let Some(environment) = definition.lake.environment_of(&push.branch) else {
        return Ok(json!({ "started": null, "because": "no environment is delivered from it" }));
    };
    let started =
        delivery.look_at(&definition, environment, Cause::Push, Some(push.pusher)).await?;
    Ok(json!({ "started": started.map(|execution| execution.id) }))
}
