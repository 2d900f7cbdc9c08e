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

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    fn router(requests: usize, until_answer: Duration) -> Router {
        let never = get(std::future::pending::<()>);
        Router::new()
            .route("/never", never.clone())
            .route("/api/v1/environments/dev/uploads", never)
            .route("/at-once", get(async || "here"))
            .layer(from_fn_with_state(Limits::new(requests, until_answer), hold))
    }

    async fn status(router: Router, path: &str) -> StatusCode {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        router.oneshot(request).await.unwrap().status()
    }

    #[tokio::test]
    async fn what_takes_too_long_is_given_up() {
        let router = router(1, Duration::from_millis(50));
        assert_eq!(status(router.clone(), "/never").await, StatusCode::SERVICE_UNAVAILABLE);
        // The turn was given back.
        assert_eq!(status(router, "/at-once").await, StatusCode::OK);
    }

    #[tokio::test]
    async fn more_than_its_share_of_requests_is_refused_not_queued_for_ever() {
        let router = router(1, Duration::from_secs(60));
        let holding = tokio::spawn(status(router.clone(), "/never"));
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(status(router, "/at-once").await, StatusCode::SERVICE_UNAVAILABLE);
        holding.abort();
    }

    #[tokio::test]
    async fn uploads_have_bounds_of_their_own() {
        let router = router(1, Duration::from_millis(50));
        let upload = tokio::spawn(status(router.clone(), "/api/v1/environments/dev/uploads"));
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!upload.is_finished());
        assert_eq!(status(router, "/at-once").await, StatusCode::OK);
        upload.abort();
    }
}
