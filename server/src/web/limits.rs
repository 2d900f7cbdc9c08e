//! Bounds of the whole server: requests at the same time, and time until an answer begins. Uploads
//! have bounds of their own: they take as long as they take.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::problem::Refusal;

/// How long a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(3);

/// The bounds.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    turns: Arc<Semaphore>,
    until_answer: Duration,
}

impl Limits {
    /// At most `requests` at the same time, each answered in time.
    pub(super) fn new(requests: usize, until_answer: Duration) -> Self {
        Self { turns: Arc::new(Semaphore::new(requests)), until_answer }
    }
}

/// Lets a request in when it is its turn, and gives it up when it takes too long.
pub(super) async fn hold(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    if is_transfer(&request) {
        return next.run(request).await;
    }
    let turn = match timeout(PATIENCE, limits.turns.acquire()).await {
        Ok(Ok(turn)) => turn,
        _ => return busy("The server has too much to do right now; try again in a few seconds."),
    };
    let answer = timeout(limits.until_answer, next.run(request)).await;
    drop(turn);
    answer.unwrap_or_else(|_| {
        tracing::warn!("a request took too long and was given up");
        busy("This took too long and was given up; try again, or ask for less at once.")
    })
}

/// Whether the request moves a file.
fn is_transfer(request: &Request) -> bool {
    let path = request.uri().path();
    path.starts_with("/api/")
        && path.split('/').any(|part| matches!(part, "uploads" | "source-samples"))
}

fn busy(detail: &str) -> Response {
    let mut response = Refusal::of_status(StatusCode::SERVICE_UNAVAILABLE, detail).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    response
}
