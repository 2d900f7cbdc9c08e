//! The caller's own drafts of transformations.

use std::sync::Arc;

use app::api::drafts::{Draft, DraftToKeep, OwnDraft};
use axum::extract::{Path, State};
use domain::dataset::DatasetId;
use jiff::Timestamp;

use super::dataset_path::DatasetPath;
use crate::accounts::Caller;
use crate::console::Console;
use crate::drafts::{DraftOf, Drafts};
use crate::web::{Answer, InEnvironment, Json};

/// The caller's draft of a transformation, if they have one.
#[utoipa::path(get, path = "/environments/{environment}/transformations/{system}/{table}/draft",
    params(("environment" = String, Path), ("system" = String, Path), ("table" = String, Path)),
    operation_id = "show_draft", responses((status = 200, body = OwnDraft)), tag = "transformations")]
pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<DatasetPath>,
) -> Answer<OwnDraft> {
    let dataset = path.dataset()?;
    let draft = drafts(&console).find(whose(&at, &dataset, &caller)).await?;
    Ok(Json(OwnDraft { draft }))
}

/// Keeps the caller's draft in place of the one before. It is not live: saving the transformation is.
#[utoipa::path(put, path = "/environments/{environment}/transformations/{system}/{table}/draft",
    params(("environment" = String, Path), ("system" = String, Path), ("table" = String, Path)),
    operation_id = "keep_draft", request_body = DraftToKeep,
    responses((status = 200, body = Draft)), tag = "transformations")]
pub(crate) async fn keep(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<DatasetPath>,
    Json(draft): Json<DraftToKeep>,
) -> Answer<Draft> {
    let dataset = path.dataset()?;
    let whose = whose(&at, &dataset, &caller);
    Ok(Json(drafts(&console).keep(whose, &draft, Timestamp::now()).await?))
}

/// Discards the caller's draft.
#[utoipa::path(delete, path = "/environments/{environment}/transformations/{system}/{table}/draft",
    params(("environment" = String, Path), ("system" = String, Path), ("table" = String, Path)),
    operation_id = "discard_draft", responses((status = 200)), tag = "transformations")]
pub(crate) async fn discard(
    State(console): State<Arc<Console>>,
    at: InEnvironment,
    caller: Caller,
    Path(path): Path<DatasetPath>,
) -> Answer<()> {
    let dataset = path.dataset()?;
    drafts(&console).discard(whose(&at, &dataset, &caller)).await?;
    Ok(Json(()))
}

fn drafts(console: &Console) -> Drafts {
    Drafts::new(console.accounts.database().clone())
}

fn whose<'a>(at: &'a InEnvironment, dataset: &'a DatasetId, caller: &'a Caller) -> DraftOf<'a> {
    DraftOf { environment: &at.lake.environment, dataset, owner: &caller.user.id }
}
