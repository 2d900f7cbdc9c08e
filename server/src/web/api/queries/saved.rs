//! Saved queries: list, show, save, remove.

use std::sync::Arc;

use app::api::queries::{SavedQuery, SavedQueryText};
use axum::extract::{Path, State};
use serde::Deserialize;

use super::workbench;
use crate::accounts::Caller;
use crate::console::Console;
use crate::web::{Answer, InEnvironment, Json};

/// The part of a path that names a saved query.
#[derive(Deserialize)]
pub(crate) struct SavedPath {
    saved: String,
}

/// One's own saved queries and those that others share, by name.
#[utoipa::path(get, path = "/environments/{environment}/saved-queries", tag = "queries",
    params(("environment" = String, Path)), responses((status = 200, body = Vec<SavedQuery>)))]
pub(crate) async fn list_saved(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
) -> Answer<Vec<SavedQuery>> {
    Ok(Json(workbench(&console, &at)?.saved.list(&caller.user.id).await?))
}

/// One saved query.
#[utoipa::path(get, path = "/environments/{environment}/saved-queries/{saved}", tag = "queries",
    params(("environment" = String, Path), ("saved" = String, Path)),
    responses((status = 200, body = SavedQuery)))]
pub(crate) async fn show_saved(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<SavedPath>,
) -> Answer<SavedQuery> {
    Ok(Json(workbench(&console, &at)?.saved.find(&path.saved, &caller.user.id).await?))
}

/// Saves a new query.
#[utoipa::path(post, path = "/environments/{environment}/saved-queries", tag = "queries",
    params(("environment" = String, Path)), request_body = SavedQueryText,
    responses((status = 200, body = SavedQuery)))]
pub(crate) async fn add_saved(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Json(new): Json<SavedQueryText>,
) -> Answer<SavedQuery> {
    let saved = workbench(&console, &at)?.saved.add(&caller.user.id, caller.login(), &new).await?;
    let (none, environment) = (None::<&SavedQuery>, Some(&at.lake.environment));
    let audit = &console.audit;
    audit.record(&caller, "query.save", environment, &saved.name, none, Some(&saved)).await?;
    Ok(Json(saved))
}

/// Saves another version. 403 for somebody else's, 409 when it was changed meanwhile.
#[utoipa::path(put, path = "/environments/{environment}/saved-queries/{saved}", tag = "queries",
    params(("environment" = String, Path), ("saved" = String, Path)), request_body = SavedQueryText,
    responses((status = 200, body = SavedQuery)))]
pub(crate) async fn change_saved(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<SavedPath>,
    Json(new): Json<SavedQueryText>,
) -> Answer<SavedQuery> {
    let store = &workbench(&console, &at)?.saved;
    let owner = &caller.user.id;
    let before = store.find(&path.saved, owner).await?;
    let saved = store.update(&path.saved, owner, &new).await?;
    let (environment, audit) = (Some(&at.lake.environment), &console.audit);
    let (name, before, after) = (&saved.name, Some(&before), Some(&saved));
    audit.record(&caller, "query.save", environment, name, before, after).await?;
    Ok(Json(saved))
}

/// Removes one of the caller's.
#[utoipa::path(delete, path = "/environments/{environment}/saved-queries/{saved}", tag = "queries",
    params(("environment" = String, Path), ("saved" = String, Path)),
    responses((status = 200, body = SavedQuery)))]
pub(crate) async fn remove_saved(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<SavedPath>,
) -> Answer<SavedQuery> {
    let removed = workbench(&console, &at)?.saved.remove(&path.saved, &caller.user.id).await?;
    let (none, environment) = (None::<&SavedQuery>, Some(&at.lake.environment));
    let audit = &console.audit;
    audit.record(&caller, "query.remove", environment, &removed.name, Some(&removed), none).await?;
    Ok(Json(removed))
}
