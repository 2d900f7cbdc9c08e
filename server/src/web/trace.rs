//! A span and a line in the log for every request, and its numbers for the metrics.
//!
//! Only the pattern of the path is told, never the path or the query itself: those may hold what
//! people typed.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;
use tracing::field::Empty;

use crate::audit::request_id;
use crate::operations::Metrics;

/// The pattern that stands for everything that is no route of its own.
const PAGE: &str = "page";

/// Watches over a request.
pub(super) async fn request(
    State(metrics): State<Arc<Metrics>>,
    request: Request,
    next: Next,
) -> Response {
    let method = known(request.method());
    let route = match request.extensions().get::<MatchedPath>() {
        Some(matched) => matched.as_str().to_owned(),
        None => PAGE.to_owned(),
    };
    let id = request_id();
    let span = tracing::info_span!("request", id, method, route, caller = Empty);
    let begin = Instant::now();
    let response = next.run(request).instrument(span.clone()).await;
    let (status, took) = (response.status().as_u16(), begin.elapsed());
    metrics.request(method, &route, status, took);
    let milliseconds = took.as_micros() as f64 / 1e3;
    // Health checks and metrics come every few seconds and tell nothing.
    match (status, route.as_str()) {
        (500.., _) => span.in_scope(|| tracing::error!(status, milliseconds, "answered")),
        (_, "/healthz" | "/readyz" | "/metrics" | "/assets/{name}") => {
            span.in_scope(|| tracing::debug!(status, milliseconds, "answered"));
        }
        _ => span.in_scope(|| tracing::info!(status, milliseconds, "answered")),
    }
    response
}

/// Anybody may invent methods: those must fill neither the log nor the memory.
fn known(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known.into_iter().find(|name| *name == method.as_str()).unwrap_or("other")
}

/// Notes who asks in the log.
pub(super) fn note_caller(login: &str) {
    tracing::Span::current().record("caller", login);
}
