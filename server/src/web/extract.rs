//! What handlers take and give: the environment of the path, the caller, JSON.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::problem::Refusal;
use crate::accounts::Caller;
use crate::console::Console;
use crate::open_lake::OpenLake;

/// What a handler ends with.
pub(crate) type Answer<T> = Result<Json<T>, Refusal>;

/// The lake of the environment in the path; the check of access has let the caller in.
#[derive(Debug, Clone)]
pub(crate) struct InEnvironment(pub(crate) Arc<OpenLake>);

impl Deref for InEnvironment {
    type Target = OpenLake;

    fn deref(&self) -> &OpenLake {
        &self.0
    }
}

#[derive(Deserialize)]
struct EnvironmentPath {
    environment: String,
}

impl FromRequestParts<Arc<Console>> for InEnvironment {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut Parts,
        console: &Arc<Console>,
    ) -> Result<Self, Refusal> {
        let path = Path::<EnvironmentPath>::from_request_parts(parts, console).await;
        let Path(EnvironmentPath { environment }) =
            path.map_err(|error| Refusal::not_found(error.to_string()))?;
        let lake = console.lake(&environment).cloned();
        lake.map(Self)
            .ok_or_else(|| Refusal::not_found(format!("there is no environment {environment:?}")))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Refusal::not_signed_in)
    }
}

/// JSON in and out; input that does not fit is refused with what and where.
#[derive(Debug, Clone)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(JsonRejection::JsonDataError(error)) => {
                Err(Refusal::unprocessable(error.body_text()))
            }
            Err(error) => Err(Refusal::of_status(error.status(), error.body_text())),
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}
