//! Every route of the server, with what it asks of its caller.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, Method};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use domain::access::Permission;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use super::access::{self, Access};
use super::api::{me, quarantine, reference, runs, uploads};
use super::description::Description;
use super::limits::{self, Limits};
use super::pages::{self, Pages};
use super::problem::Refusal;
use super::{authenticate, headers, health, panics, request_id, same_origin, trace};
use crate::console::Console;

/// The routes of `/api/v1`. Paths stand at the handlers.
fn api(console: &Arc<Console>) -> Routes {
    Routes::new(console)
        .public(routes!(reference::document))
        .signed_in(routes!(reference::show))
        .signed_in(routes!(me::show))
        .needs(Permission::ViewLake, routes!(runs::list))
        .needs(Permission::ViewLake, routes!(quarantine::list))
        .needs(Permission::ViewLake, routes!(quarantine::show))
        .needs(Permission::ViewQuarantine, routes!(quarantine::rows))
        .needs(Permission::ViewQuarantine, routes!(quarantine::trials::try_source))
        .needs(Permission::OperateRuns, routes!(quarantine::trials::replay))
        .needs(Permission::UploadFiles, routes!(uploads::begin))
        .needs(Permission::UploadFiles, routes!(uploads::show, uploads::send, uploads::abort))
}

/// The whole server: API, static files, pages.
pub fn router(console: Arc<Console>) -> Router {
    // Also makes the executor that pages are rendered on.
    let _ = leptos_axum::generate_route_list(app::App);
    let (api, listed, collected) = api(&console).finish();
    let description = Description::new(&collected, &listed);
    let api = Router::new()
        .nest("/api/v1", api.layer(Extension(description)))
        .with_state(Arc::clone(&console));
    let pages = Pages { console: Arc::clone(&console), api: api.clone() };
    let open = Router::new()
        .route("/assets/{name}", get(asset))
        .merge(health::routes())
        .with_state(Arc::clone(&console));
    let server = &console.operations.server;
    let limits = Limits::new(server.max_requests, server.request_timeout());
    api.merge(open)
        .fallback_service(get(pages::render).with_state(pages))
        .layer(from_fn_with_state(Arc::clone(&console), same_origin::check))
        .layer(from_fn_with_state(Arc::clone(&console), authenticate::caller))
        .layer(DefaultBodyLimit::max(server.max_body_kilobytes * 1024))
        .layer(from_fn_with_state(limits, limits::hold))
        .layer(CatchPanicLayer::custom(panics::answer))
        .layer(CompressionLayer::new())
        .layer(from_fn(headers::add))
        .layer(from_fn_with_state(Arc::clone(&console.operations.metrics), trace::request))
        .layer(from_fn(request_id::assign))
}

async fn asset(
    State(console): State<Arc<Console>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    console.site.answer(&name, &headers)
}

async fn unknown() -> Response {
    Refusal::not_found("There is no such route; /api lists them all.").into_response()
}

/// A route of the API, for the role matrix and the description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRoute {
    /// The method.
    pub method: Method,
    /// The path with its parameters, from `/api/v1` on.
    pub path: String,
    /// What it asks of its caller.
    pub access: Access,
}

/// All routes of the API.
pub fn listed_routes(console: &Arc<Console>) -> Vec<ListedRoute> {
    api(console).finish().1
}

/// Routes with their access, being collected.
struct Routes {
    console: Arc<Console>,
    router: OpenApiRouter<Arc<Console>>,
    listed: Vec<ListedRoute>,
}

impl Routes {
    fn new(console: &Arc<Console>) -> Self {
        Self { console: Arc::clone(console), router: OpenApiRouter::new(), listed: Vec::new() }
    }

    /// Open to everybody.
    fn public(self, routes: UtoipaMethodRouter<Arc<Console>>) -> Self {
        self.add(Access::Public, routes)
    }

    /// Open to everybody who holds the permission.
    fn needs(self, permission: Permission, routes: UtoipaMethodRouter<Arc<Console>>) -> Self {
        self.add(Access::Needs(permission), routes)
    }

    /// Open to everybody who is signed in.
    fn signed_in(self, routes: UtoipaMethodRouter<Arc<Console>>) -> Self {
        self.add(Access::SignedIn, routes)
    }

    fn add(mut self, access: Access, routes: UtoipaMethodRouter<Arc<Console>>) -> Self {
        let (schemas, paths, methods) = routes;
        for (path, item) in &paths.paths {
            let operations = [
                (Method::GET, &item.get),
                (Method::POST, &item.post),
                (Method::PUT, &item.put),
                (Method::PATCH, &item.patch),
                (Method::DELETE, &item.delete),
            ];
            let used = operations.into_iter().filter(|(_, operation)| operation.is_some());
            self.listed.extend(used.map(|(method, _)| ListedRoute {
                method,
                path: format!("/api/v1{path}"),
                access,
            }));
        }
        let state = (access, Arc::clone(&self.console));
        let methods = methods.route_layer(from_fn_with_state(state, access::check));
        self.router = self.router.routes((schemas, paths, methods));
        self
    }

    fn finish(self) -> (Router<Arc<Console>>, Vec<ListedRoute>, OpenApi) {
        let (router, description) = self.router.split_for_parts();
        (router.fallback(unknown), self.listed, description)
    }
}
