//! The description of the API: what utoipa collected from the handlers, completed with what holds
//! for all of them: how to authenticate, which permission each route asks for, and how errors look.

use std::sync::Arc;

use app::api::reference::Reference;
use app::api::{FieldProblem, Problem};
use bytes::Bytes;
use serde_json::{Value, json};
use utoipa::PartialSchema;
use utoipa::openapi::OpenApi;

use super::access::Access;
use super::reference::reference;
use super::routes::ListedRoute;

/// The description, for programs and for people. Made once.
#[derive(Debug, Clone)]
pub(crate) struct Description {
    /// The OpenAPI document.
    pub(crate) document: Bytes,
    /// The same for people.
    pub(crate) reference: Arc<Reference>,
}

impl Description {
    /// Of the collected routes.
    pub(super) fn new(collected: &OpenApi, listed: &[ListedRoute]) -> Self {
        let document = complete(collected, listed);
        let reference = Arc::new(reference(&document, listed));
        Self { document: document.to_string().into(), reference }
    }
}

fn complete(collected: &OpenApi, listed: &[ListedRoute]) -> Value {
    let mut document = serde_json::to_value(collected).unwrap_or_default();
    document["info"] = json!({
        "title": "Sluice",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "The control room of a data lake. Everything the console does goes through \
            these routes, with the same permissions.",
        "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
    });
    document["servers"] = json!([{ "url": "/api/v1" }]);
    let schemas = &mut document["components"]["schemas"];
    schemas["Problem"] = serde_json::to_value(Problem::schema()).unwrap_or_default();
    schemas["FieldProblem"] = serde_json::to_value(FieldProblem::schema()).unwrap_or_default();
    document["components"]["securitySchemes"] = json!({
        "token": { "type": "http", "scheme": "bearer",
            "description": "An API token, made under Settings, Tokens." },
        "session": { "type": "apiKey", "in": "cookie", "name": "__Host-sluice",
            "description": "The cookie of a browser session." },
    });
    for route in listed {
        let path = route.path.trim_start_matches("/api/v1");
        let method = route.method.as_str().to_lowercase();
        let operation = &mut document["paths"][path][method];
        if operation.is_object() {
            complete_operation(operation, route.access);
        }
    }
    document
}

fn complete_operation(operation: &mut Value, access: Access) {
    let problem = |what: &str| {
        json!({ "description": what, "content": { "application/problem+json":
            { "schema": { "$ref": "#/components/schemas/Problem" } } } })
    };
    operation["security"] = match access {
        Access::Public => json!([]),
        _ => json!([{ "token": [] }, { "session": [] }]),
    };
    if let Access::Needs(permission) = access {
        operation["x-permission"] = json!(permission.as_str());
        operation["responses"]["403"] = problem("The caller lacks the permission.");
    }
    if access != Access::Public {
        operation["responses"]["401"] = problem("Nobody is signed in, or the token is not valid.");
    }
    operation["responses"]["default"] = problem("The request was not carried out.");
}
