//! Every route of the server, with what it asks of its caller.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, Method};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use domain::access::Permission;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use super::access::{self, Access};
use super::api::{
    audit, catalog, delivery, drafts, events, lineage, me, members, overview, quality, quarantine,
    queries, reference, runs, samples, settings, sign_in as way, sources, tokens, transformations,
    uploads,
};
use super::description::Description;
use super::limits::{self, Limits};
use super::pages::{self, Pages};
use super::problem::Refusal;
use super::{
    authenticate, headers, health, idempotency, panics, request_id, same_origin, sign_in, trace,
};
use crate::console::Console;

/// The routes of `/api/v1`. Paths stand at the handlers.
fn api(console: &Arc<Console>) -> Routes {
    Routes::new(console)
        .public(routes!(reference::document))
        .signed_in(routes!(reference::show))
        .signed_in(routes!(me::show))
        .needs(Permission::ViewLake, routes!(overview::show_overview))
        .needs(Permission::ViewLake, routes!(events::listen))
        .needs(Permission::ViewLake, routes!(runs::list_runs))
        .needs(Permission::ViewLake, routes!(runs::show))
        .needs(Permission::ViewLake, routes!(runs::log))
        .needs(Permission::OperateRuns, routes!(runs::retry))
        .needs(Permission::OperateRuns, routes!(runs::cancel))
        .needs(Permission::OperateRuns, routes!(runs::replay_run))
        .public(routes!(way::show))
        .signed_in(routes!(members::end_own_sessions))
        .needs(Permission::ManageSettings, routes!(members::list))
        .needs(Permission::ManageSettings, routes!(members::give))
        .needs(Permission::ManageSettings, routes!(members::take_away))
        .needs(Permission::ManageSettings, routes!(members::end_sessions))
        .signed_in(routes!(tokens::list, tokens::create))
        .signed_in(routes!(tokens::revoke))
        .needs(Permission::ViewAudit, routes!(audit::list))
        .needs(Permission::ViewAudit, routes!(audit::choices))
        .needs(Permission::ViewAudit, routes!(audit::download))
        .needs(Permission::ViewLake, routes!(settings::notifications))
        .signed_in(routes!(settings::retention))
        .needs(Permission::ViewLake, routes!(sources::list))
        .needs(Permission::ViewLake, routes!(sources::show))
        .needs(Permission::EditSources, routes!(sources::save))
        .needs(Permission::ViewLake, routes!(sources::arrivals))
        .needs(Permission::ViewLake, routes!(sources::held))
        .needs(Permission::ViewLake, routes!(sources::calendar))
        .needs(Permission::ViewLake, routes!(sources::rows_per_run))
        .needs(Permission::EditSources, routes!(samples::keep))
        .needs(Permission::EditSources, routes!(samples::forget))
        .needs(Permission::EditSources, routes!(samples::propose))
        .needs(Permission::EditSources, routes!(samples::preview))
        .needs(Permission::EditSources, routes!(samples::raw_objects))
        .needs(Permission::ViewLake, routes!(quarantine::list))
        .needs(Permission::ViewLake, routes!(quarantine::show))
        .needs(Permission::ViewQuarantine, routes!(quarantine::rows))
        .needs(Permission::ViewQuarantine, routes!(quarantine::trials::try_source))
        .needs(Permission::OperateRuns, routes!(quarantine::trials::replay))
        .needs(
            Permission::EditTransformations,
            routes!(drafts::show, drafts::keep, drafts::discard),
        )
        .needs(Permission::RunQueries, routes!(queries::start_query, queries::list_queries))
        .needs(Permission::RunQueries, routes!(queries::show_query))
        .needs(Permission::RunQueries, routes!(queries::previous_query))
        .needs(Permission::RunQueries, routes!(queries::query_rows))
        .needs(Permission::RunQueries, routes!(queries::query_chart))
        .needs(Permission::RunQueries, routes!(queries::follow::follow))
        .needs(Permission::RunQueries, routes!(queries::cancel))
        .needs(Permission::RunQueries, routes!(queries::estimate))
        .needs(Permission::RunQueries, routes!(queries::compare))
        .needs(Permission::ExportResults, routes!(queries::export))
        .needs(
            Permission::RunQueries,
            routes!(queries::saved::list_saved, queries::saved::add_saved),
        )
        .needs(
            Permission::RunQueries,
            routes!(
                queries::saved::show_saved,
                queries::saved::change_saved,
                queries::saved::remove_saved
            ),
        )
        .needs(Permission::RunQueries, routes!(queries::tabs::show_tabs, queries::tabs::keep_tabs))
        .needs(Permission::ViewLake, routes!(transformations::list))
        .needs(Permission::ViewLake, routes!(transformations::show))
        .needs(Permission::ViewLake, routes!(transformations::versions))
        .needs(Permission::ViewLake, routes!(transformations::version))
        .needs(Permission::EditTransformations, routes!(transformations::change::save))
        .needs(Permission::EditTransformations, routes!(transformations::change::restore))
        .needs(Permission::EditTransformations, routes!(transformations::change::merge))
        .needs(Permission::EditTransformations, routes!(transformations::tried::check))
        .needs(Permission::EditTransformations, routes!(transformations::tried::dry_run))
        .needs(Permission::EditTransformations, routes!(transformations::tried::preview))
        .needs(Permission::EditTransformations, routes!(transformations::tried::impact))
        .needs(Permission::EditTransformations, routes!(transformations::tried::tests))
        .needs(Permission::ViewLake, routes!(catalog::list))
        .needs(Permission::ViewLake, routes!(catalog::show))
        .needs(Permission::EditCatalog, routes!(catalog::describe))
        .needs(Permission::ViewLake, routes!(catalog::partitions))
        .needs(Permission::ViewLake, routes!(catalog::calendar))
        .needs(Permission::RunQueries, routes!(catalog::sample))
        .needs(Permission::ViewLake, routes!(catalog::history))
        .needs(Permission::ViewLake, routes!(catalog::compare))
        .needs(Permission::ViewLake, routes!(quality::list))
        .needs(Permission::ViewLake, routes!(quality::show))
        .needs(Permission::EditTransformations, routes!(quality::save))
        .needs(Permission::EditTransformations, routes!(quality::try_rules))
        .needs(Permission::ViewLake, routes!(quality::of_run))
        .needs(Permission::ViewLake, routes!(lineage::show))
        .needs(Permission::ViewLake, routes!(lineage::column))
        .needs(Permission::ViewLake, routes!(lineage::breaks))
        .needs(Permission::ViewLake, routes!(transformations::sql::format))
        .needs(Permission::ViewLake, routes!(transformations::sql::catalog))
        .needs(Permission::ViewLake, routes!(delivery::read::lanes))
        .needs(Permission::ViewLake, routes!(delivery::read::executions))
        .needs(Permission::ViewLake, routes!(delivery::read::execution))
        .needs(Permission::ViewLake, routes!(delivery::read::log))
        .needs(Permission::ViewLake, routes!(delivery::read::plan))
        .needs(Permission::ViewLake, routes!(delivery::read::deployments))
        .needs(Permission::ViewLake, routes!(delivery::read::compare))
        .needs(Permission::OperatePipelines, routes!(delivery::change::start))
        .needs(Permission::OperatePipelines, routes!(delivery::change::promote))
        .needs(Permission::OperatePipelines, routes!(delivery::change::roll_back))
        .needs(Permission::OperatePipelines, routes!(delivery::change::resume))
        .needs(Permission::OperatePipelines, routes!(delivery::change::cancel))
        .needs(Permission::OperatePipelines, routes!(delivery::change::retry))
        .needs(Permission::DecidePlans, routes!(delivery::decide::decide))
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
    let assets = Router::new().route("/assets/{name}", get(asset)).with_state(Arc::clone(&console));
    // Whoever asks whether the server is well must get through when it has too much to do.
    let health = health::routes().with_state(Arc::clone(&console));
    let server = &console.operations.server;
    let limits = Limits::new(server.max_requests, server.request_timeout());
    api.merge(assets)
        .merge(ways_in_and_out(&console))
        .fallback_service(get(pages::render).with_state(pages))
        .layer(from_fn_with_state(Arc::clone(&console), same_origin::check))
        .layer(from_fn_with_state(Arc::clone(&console), authenticate::caller))
        .layer(DefaultBodyLimit::max(server.max_body_kilobytes * 1024))
        .layer(from_fn_with_state(limits, limits::hold))
        .merge(health)
        .layer(CatchPanicLayer::custom(panics::answer))
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(from_fn_with_state(Arc::clone(&console), headers::add))
        .layer(from_fn_with_state(Arc::clone(&console.operations.metrics), trace::request))
        .layer(from_fn(request_id::assign))
}

/// How browsers get a session and end it. Open to everybody: that is their purpose.
fn ways_in_and_out(console: &Arc<Console>) -> Router {
    Router::new()
        .route("/sign-in/github", get(sign_in::to_github))
        .route("/sign-in/github/callback", get(sign_in::from_github))
        .route("/sign-in/link", post(sign_in::by_link))
        .route("/sign-out", post(sign_in::sign_out))
        .with_state(Arc::clone(console))
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
        let once = from_fn_with_state(Arc::clone(&self.console), idempotency::once);
        // The last one comes first: an answer is repeated to whom may still have it.
        let methods =
            methods.route_layer(once).route_layer(from_fn_with_state(state, access::check));
        self.router = self.router.routes((schemas, paths, methods));
        self
    }

    fn finish(self) -> (Router<Arc<Console>>, Vec<ListedRoute>, OpenApi) {
        let (router, description) = self.router.split_for_parts();
        (router.fallback(unknown), self.listed, description)
    }
}
