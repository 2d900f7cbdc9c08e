//! The id of a request: made here and never taken from outside, in the answer's header, in the log,
//! in problems and in the audit log.

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use uuid::Uuid;

use crate::audit::in_request;

/// Gives the request its id.
pub(super) async fn assign(request: Request, next: Next) -> Response {
    let id = Uuid::now_v7().simple().to_string();
    let mut response = in_request(id.clone(), next.run(request)).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}
