//! The tabs that the caller has open.

use std::sync::Arc;

use app::api::queries::QueryTabs;
use axum::extract::State;

use super::workbench;
use crate::accounts::Caller;
use crate::console::Console;
use crate::web::{Answer, InEnvironment, Json};

/// The tabs that the caller has open.
#[utoipa::path(get, path = "/environments/{environment}/query-tabs", tag = "queries",
    params(("environment" = String, Path)), responses((status = 200, body = QueryTabs)))]
pub(crate) async fn show_tabs(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
) -> Answer<QueryTabs> {
    Ok(Json(workbench(&console, &at)?.tabs.of(&caller.user.id).await?))
}

/// Keeps the tabs that the caller has open.
#[utoipa::path(put, path = "/environments/{environment}/query-tabs", tag = "queries",
    params(("environment" = String, Path)), request_body = QueryTabs,
    responses((status = 200, body = QueryTabs)))]
pub(crate) async fn keep_tabs(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Json(tabs): Json<QueryTabs>,
) -> Answer<QueryTabs> {
    workbench(&console, &at)?.tabs.keep(&caller.user.id, &tabs).await?;
    Ok(Json(tabs))
}
