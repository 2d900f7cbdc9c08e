//! Refusals: errors on their way out, as `application/problem+json`. What is our own fault is told
//! in general words; its detail goes to the log under the id of the request (promise D12).

use std::error::Error as _;

use app::api::{FieldProblem, Problem};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::access::Permission;
use domain::environment::EnvironmentName;
use domain::{Error, ErrorKind};

use crate::audit::request_id;

/// A request that is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(Box<Problem>);

impl Refusal {
    /// With a status and a reason for the caller.
    pub(crate) fn of_status(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("refused").to_lowercase();
        Self(Box::new(Problem::new(status.as_u16(), title, detail)))
    }

    /// 401.
    pub(crate) fn not_signed_in() -> Self {
        Self::of_status(StatusCode::UNAUTHORIZED, "Sign in first, or send an API token.")
    }

    /// 401, for a token.
    pub(crate) fn bad_token() -> Self {
        let detail = "The API token is unknown, expired or revoked: make a new one under Settings.";
        Self::of_status(StatusCode::UNAUTHORIZED, detail)
    }

    /// 403.
    pub(crate) fn lacks(permission: Permission, environment: Option<&EnvironmentName>) -> Self {
        let place =
            environment.map_or("the lake as a whole".into(), |name| format!("environment {name}"));
        let detail = format!(
            "This needs the permission {permission} in {place}. An admin can give you a role that \
             has it, under Settings, Members."
        );
        Self::of_status(StatusCode::FORBIDDEN, detail)
    }

    /// 404.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::of_status(StatusCode::NOT_FOUND, detail)
    }

    /// 422.
    pub(crate) fn unprocessable(detail: impl Into<String>) -> Self {
        Self::of_status(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// 409.
    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::of_status(StatusCode::CONFLICT, detail)
    }

    /// The same with the field that is wrong, by its path in the request.
    pub(crate) fn with_field(
        mut self,
        field: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        self.0.fields.push(FieldProblem { field: field.into(), message: message.into() });
        self
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = match error.kind() {
            ErrorKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Conflict => StatusCode::CONFLICT,
            ErrorKind::Denied => StatusCode::FORBIDDEN,
            ErrorKind::Throttled => StatusCode::TOO_MANY_REQUESTS,
            ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let detail = match status.is_server_error() {
            false => error.to_string(),
            true => {
                log(&error);
                "Something went wrong on the server; nothing was changed by halves. Try again, and \
                 tell an operator the id of the request if it stays."
                    .to_owned()
            }
        };
        Self::of_status(status, detail)
    }
}

fn log(error: &Error) {
    let mut causes = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push_str(": ");
        causes.push_str(&cause.to_string());
        source = cause.source();
    }
    tracing::error!(kind = ?error.kind(), error = ?causes, "a request failed");
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut problem = self.0;
        problem.request_id = Some(request_id()).filter(|id| !id.is_empty());
        let status =
            StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(*problem)).into_response();
        let media_type = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, media_type);
        response
    }
}
