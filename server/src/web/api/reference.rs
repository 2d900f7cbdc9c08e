//! What the API says about itself.

use app::api::reference::Reference;
use axum::Extension;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::web::description::Description;
use crate::web::extract::{Answer, Json};

/// The OpenAPI document of this API.
#[utoipa::path(get, path = "/openapi.json", tag = "api",
    responses((status = 200, description = "The document", content_type = "application/json")))]
pub(crate) async fn document(Extension(description): Extension<Description>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], description.document).into_response()
}

/// All routes with what they ask, take and give, for people.
#[utoipa::path(get, path = "/reference", tag = "api", responses((status = 200, body = Reference)))]
pub(crate) async fn show(Extension(description): Extension<Description>) -> Answer<Reference> {
    Ok(Json(Reference::clone(&description.reference)))
}
