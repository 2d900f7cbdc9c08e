//! Bounds of the whole server: requests at the same time, and time until an answer begins. Uploads
//! have bounds of their own: they take as long as they take.
//!
//! Architecture invariant: a change that was begun goes on to its end, whoever hangs up or gives up
//! waiting. Otherwise a caller could break it off between the change and its entry in the audit log.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::{Instrument, Span};

use super::problem::Refusal;
use crate::audit::{in_request, request_id};

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
    let (transfer, changes) = (is_transfer(&request), !request.method().is_safe());
    let turn = match transfer {
        true => None,
        false => match timeout(PATIENCE, Arc::clone(&limits.turns).acquire_owned()).await {
            Ok(Ok(turn)) => Some(turn),
            _ => {
                return busy("The server has too much to do right now; try again in some seconds.");
            }
        },
    };
    let answer = async move {
        let answer = next.run(request).await;
        drop(turn);
        answer
    };
    let answer: Pin<Box<dyn Future<Output = Response> + Send>> = match changes {
        true => Box::pin(to_the_end(answer)),
        false => Box::pin(answer),
    };
    if transfer {
        return answer.await;
    }
    timeout(limits.until_answer, answer).await.unwrap_or_else(|_| {
        tracing::warn!("a request took too long and was given up");
        match changes {
            true => {
                busy("This takes long and goes on without you: look in a while what came of it.")
            }
            false => {
                busy("This took too long and was given up; try again, or ask for less at once.")
            }
        }
    })
}

/// Carries a change out as a task of its own, which nobody can break off.
async fn to_the_end(answer: impl Future<Output = Response> + Send + 'static) -> Response {
    let in_this_request = in_request(request_id(), answer).instrument(Span::current());
    match tokio::spawn(in_this_request).await {
        Ok(answer) => answer,
        // For whoever answers panics.
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => busy("The server stops; try again when it is back."),
        },
    }
}

/// Whether the request moves a file: `/api/v1/environments/{environment}/uploads` and below, and
/// samples of sources.
fn is_transfer(request: &Request) -> bool {
    let mut parts = request.uri().path().split('/').skip(1);
    let begin = [parts.next(), parts.next(), parts.next()];
    begin == [Some("api"), Some("v1"), Some("environments")]
        && matches!(parts.nth(1), Some("uploads" | "source-samples"))
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
    use axum::routing::{get, post};
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
    async fn a_change_goes_on_to_its_end_when_its_caller_hangs_up() {
        let done = Arc::new(Semaphore::new(0));
        let change = {
            let done = Arc::clone(&done);
            post(async move || {
                tokio::time::sleep(Duration::from_millis(100)).await;
                done.add_permits(1);
            })
        };
        let router = Router::new()
            .route("/", change)
            .layer(from_fn_with_state(Limits::new(1, Duration::from_secs(60)), hold));
        let request = Request::builder().method("POST").uri("/").body(Body::empty()).unwrap();
        let answer = tokio::time::timeout(Duration::from_millis(20), router.oneshot(request));
        assert!(answer.await.is_err(), "the caller hangs up before the change is done");
        let ended = tokio::time::timeout(Duration::from_secs(10), done.acquire()).await;
        assert!(ended.is_ok(), "the change was broken off");
    }

    #[test]
    fn a_dataset_called_uploads_is_no_transfer() {
        let is =
            |path: &str| is_transfer(&Request::builder().uri(path).body(Body::empty()).unwrap());
        assert!(is("/api/v1/environments/dev/uploads/0198"));
        assert!(is("/api/v1/environments/dev/source-samples"));
        assert!(!is("/api/v1/environments/dev/sources/uploads/orders/calendar"));
        assert!(!is("/api/v1/environments/dev/runs/uploads"));
        assert!(!is("/uploads"));
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
