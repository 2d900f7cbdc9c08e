//! A handler that panics answers with a problem like any other fault of ours.

use std::any::Any;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::problem::Refusal;

/// The answer in place of a panic. What was said goes to the log by the panic hook; the caller
/// learns the id of the request.
pub(super) fn answer(_panic: Box<dyn Any + Send>) -> Response {
    let detail = "Something went wrong on the server. Try again, and tell an operator the id of the \
                  request if it stays.";
    Refusal::of_status(StatusCode::INTERNAL_SERVER_ERROR, detail).into_response()
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::extract::Request;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower::ServiceExt;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;
    use crate::web::request_id;

    #[tokio::test]
    async fn d12_a_panic_is_a_problem_with_the_id_of_the_request() {
        async fn broken() -> &'static str {
            panic!("row 7 holds a secret")
        }
        let router = Router::new()
            .route("/", get(broken))
            .layer(CatchPanicLayer::custom(answer))
            .layer(from_fn(request_id::assign));
        let response = router.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        let body = to_bytes(response.into_body(), 10_000).await.unwrap();
        let text = String::from_utf8(body.into()).unwrap();
        assert!(text.contains(&id) && !text.contains("secret"), "{text}");
    }
}
