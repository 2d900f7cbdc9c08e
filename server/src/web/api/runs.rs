//! Runs: list, show, retry, cancel, replay.

use app::api::Page;
use app::api::runs::RunSummary;
use etl_engine::run::RunFilter;

use crate::web::{Answer, InEnvironment, Json};

/// Runs, newest first.
#[utoipa::path(get, path = "/environments/{environment}/runs", params(("environment" = String, Path)),
    responses((status = 200, body = Page<RunSummary>)), tag = "runs")]
pub(crate) async fn list(at: InEnvironment) -> Answer<Page<RunSummary>> {
    let runs = at.lake.ledger.list(&RunFilter { limit: 50, ..RunFilter::default() }).await?;
    let items = runs.into_iter().map(|run| RunSummary {
        id: run.id,
        dataset: run.dataset.to_string(),
        status: run.status,
        created_at: run.created_at,
    });
    Ok(Json(Page { items: items.collect(), next: None }))
}
