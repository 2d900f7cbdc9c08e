//! Pages: rendered on the server as the caller, from the same API that the browser asks.

use std::sync::Arc;

use app::api::Problem;
use app::api::me::Me;
use app::document::document;
use app::{ApiAnswer, InProcess, NotFound};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use domain::access::Permission;
use domain::environment::EnvironmentName;
use jiff::Timestamp;
use leptos::prelude::{expect_context, provide_context, use_context};
use leptos_axum::ResponseOptions;
use tower::ServiceExt;

use super::headers::{page_policy, set_policy};
use crate::accounts::Caller;
use crate::audit::{in_request, request_id};
use crate::console::Console;

/// Largest answer of the API that a page is made from.
const LARGEST_ANSWER: usize = 8 * 1024 * 1024;

/// What pages are rendered from.
#[derive(Clone)]
pub(super) struct Pages {
    pub(super) console: Arc<Console>,
    /// The routes of the API, without those of pages.
    pub(super) api: Router,
}

/// Renders the page of a path. Who is not signed in is sent to sign in, and comes back after.
pub(super) async fn render(State(pages): State<Pages>, request: Request) -> Response {
    let caller = request.extensions().get::<Caller>().cloned();
    let path = request.uri().path();
    if let ("/", Some(caller)) = (path, &caller) {
        let first = visible(&pages.console, caller).into_iter().next();
        return Redirect::to(&first.map_or("/settings".into(), |name| format!("/{name}")))
            .into_response();
    }
    if caller.is_none() && path != "/sign-in" {
        let here = request.uri().path_and_query().map_or(path, |here| here.as_str());
        let query =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("next", here).finish();
        return Redirect::to(&format!("/sign-in?{query}")).into_response();
    }
    let me = match &caller {
        Some(caller) => me(&pages.console, caller).await,
        None => Me::default(),
    };
    let theme = theme(request.headers());
    let files = Arc::clone(pages.console.site.page());
    let api = in_process(pages.api.clone(), caller);
    let context = {
        let me = me.clone();
        move || {
            provide_context(me.clone());
            provide_context(api.clone());
            let page = expect_context::<ResponseOptions>();
            provide_context(NotFound::new(move || page.set_status(StatusCode::NOT_FOUND)));
        }
    };
    let shell = move || {
        let options = expect_context::<ResponseOptions>();
        if let Some(nonce) = leptos::nonce::use_nonce() {
            let mut headers = HeaderMap::new();
            set_policy(&mut headers, &page_policy(&nonce));
            for (name, value) in headers.drain() {
                if let Some(name) = name {
                    options.insert_header(name, value);
                }
            }
        }
        document(&files, &me, theme)
    };
    leptos_axum::render_app_async_with_context(context, shell)(request).await
}

/// The caller as the console knows them.
pub(super) async fn me(console: &Console, caller: &Caller) -> Me {
    let environments = visible(console, caller);
    Me {
        login: caller.user.login.clone(),
        name: caller.user.name.clone(),
        rights: caller.rights.clone(),
        waiting: waiting(console, caller, &environments).await,
        environments,
        mode: "embedded".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// The environments in which the caller has any role.
fn visible(console: &Console, caller: &Caller) -> Vec<EnvironmentName> {
    let has_role = |name: &EnvironmentName| {
        let mut grants = caller.rights.grants.iter();
        grants.any(|grant| grant.environment.as_ref().is_none_or(|own| own == name))
    };
    console.environments().into_iter().filter(has_role).collect()
}

/// A number beside a word in the navigation: no page fails for want of it, and plans are read only for
/// those who may decide on any.
async fn waiting(console: &Console, caller: &Caller, environments: &[EnvironmentName]) -> u32 {
    let decides = |name| caller.rights.allow(Permission::DecidePlans, Some(name));
    if !environments.iter().any(decides) {
        return 0;
    }
    let waiting = console.delivery.waiting_for(&caller.person(), Timestamp::now()).await;
    waiting.unwrap_or_else(|error| {
        tracing::warn!(%error, "what waits for a reader cannot be counted now");
        0
    })
}

/// The reader's choice of light or dark, kept in a cookie by the browser's side.
fn theme(headers: &HeaderMap) -> Option<&'static str> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    let value = cookies.split(';').find_map(|pair| pair.trim().strip_prefix("sluice_theme="))?;
    ["light", "dark"].into_iter().find(|theme| *theme == value)
}

/// Sends GET requests through the API's router as `caller`.
fn in_process(api: Router, caller: Option<Caller>) -> InProcess {
    // An answer may be waited for in another task: what the page shows must not depend on it.
    let id = request_id();
    InProcess(Arc::new(move |path| -> ApiAnswer {
        let (api, caller, id) = (api.clone(), caller.clone(), id.clone());
        // Before the first await: it belongs to the page being rendered.
        let page = use_context::<ResponseOptions>();
        Box::pin(in_request(id, async move {
            let mut request =
                Request::builder().uri(path).body(Body::empty()).map_err(unreadable)?;
            if let Some(caller) = caller {
                request.extensions_mut().insert(caller);
            }
            let response = api.oneshot(request).await.map_err(unreadable)?;
            read(response, page).await
        }))
    }))
}

async fn read(response: Response, page: Option<ResponseOptions>) -> Result<String, Problem> {
    let status = response.status();
    let body = to_bytes(response.into_body(), LARGEST_ANSWER).await.map_err(unreadable)?;
    let text = String::from_utf8(body.into()).map_err(unreadable)?;
    if status.is_success() {
        return Ok(text);
    }
    // A page about something that is not there is not found either.
    if let Some(page) = page.filter(|_| status == StatusCode::NOT_FOUND) {
        page.set_status(status);
    }
    Err(serde_json::from_str(&text).map_err(unreadable)?)
}

fn unreadable(error: impl std::fmt::Display) -> Problem {
    tracing::error!(%error, "a page could not ask the API");
    Problem::unreachable("The page could not be put together; try again.")
}
