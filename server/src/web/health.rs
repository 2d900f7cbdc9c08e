//! `/healthz`, `/readyz` and `/metrics`: for whoever watches over the server. They tell nobody
//! anything about the lake but numbers, and ask for no sign-in.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::problem::Refusal;
use crate::config::{MetricsAccess, ServerConfig};
use crate::console::Console;

/// A worker that gave no sign of life for so long is not well.
const SILENCE: Duration = Duration::from_secs(30);
/// A database that does not answer within this time is not there.
const DATABASE_PATIENCE: Duration = Duration::from_secs(3);

/// The routes.
pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
}

/// The process answers.
async fn healthz() -> &'static str {
    "ok\n"
}

/// The server can do its work: one line for each thing it needs; 503 when any is missing.
async fn readyz(State(console): State<Arc<Console>>) -> Response {
    let mut lines = String::new();
    let mut ready = true;
    let mut line = |what: &str, well: bool, detail: &str| {
        ready &= well;
        let _ = writeln!(lines, "{what}: {}{detail}", if well { "ok" } else { "failed" });
    };
    let database = match console.lakes.first() {
        Some(lake) => {
            let answer = tokio::time::timeout(DATABASE_PATIENCE, lake.ping()).await;
            if let Ok(Err(error)) = &answer {
                tracing::warn!(%error, "not ready: the database does not answer");
            }
            matches!(answer, Ok(Ok(())))
        }
        None => false,
    };
    line("database", database, "");
    for lake in &console.lakes {
        let what = format!("worker {}", lake.lake.environment);
        match lake.worker_health.last_beat() {
            Some(beat) => line(&what, beat < SILENCE, ""),
            None if console.operations.has_workers => line(&what, false, " (not started)"),
            None => line(&what, true, " (elsewhere)"),
        }
    }
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, lines).into_response()
}

/// The numbers, to whom the configuration lets read them.
async fn metrics(State(console): State<Arc<Console>>, headers: HeaderMap) -> Response {
    if let Err(refusal) = may_read(&console.operations.server, &headers) {
        return refusal.into_response();
    }
    match console.operations.metrics.text(&console).await {
        Ok(text) => {
            let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, media_type)], text).into_response()
        }
        Err(error) => Refusal::from(error).into_response(),
    }
}

fn may_read(config: &ServerConfig, headers: &HeaderMap) -> Result<(), Refusal> {
    match (config.metrics, &config.metrics_token) {
        (MetricsAccess::Open, _) => Ok(()),
        (MetricsAccess::Token, Some(token)) => {
            let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
            let shown = shown.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
            match same(shown.as_bytes(), token.expose().as_bytes()) {
                true => Ok(()),
                false => Err(Refusal::of_status(
                    StatusCode::UNAUTHORIZED,
                    "Send the token of server.metrics_token as bearer token.",
                )),
            }
        }
        _ => Err(Refusal::not_found("There is no such page.")),
    }
}

/// Compares without telling by the time it takes how much is right.
fn same(shown: &[u8], right: &[u8]) -> bool {
    use sha2::{Digest, Sha256};
    // Of equal length and unknown to the caller, so that a plain comparison tells nothing.
    Sha256::digest(shown) == Sha256::digest(right)
}
