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
