//! Runs as the API shows them.

mod detail;
mod overview;
pub mod query;

use app::api::Page;
use app::api::runs::RunSummary;
use domain::run::{Run, RunId};
use domain::zone::Hop;
use domain::{Error, Result};
use etl_engine::lake::Lake;
use etl_engine::run::RunFilter;

pub use detail::detail;
pub use overview::overview;

/// One page of runs, newest first.
pub async fn list(lake: &Lake, filter: &RunFilter) -> Result<Page<RunSummary>> {
    // One more tells whether there is a next page.
    let one_more = RunFilter { limit: filter.limit + 1, ..filter.clone() };
    let mut runs = lake.ledger.list(&one_more).await?;
    let mut more = runs.len() > filter.limit;
    if filter.after.is_some() {
        if !more {
            // The page before this one is the first: it is filled up from there.
            let first = RunFilter { after: None, ..one_more };
            runs = lake.ledger.list(&first).await?;
            runs.truncate(filter.limit);
        } else {
            runs.remove(0);
        }
        // It was asked for from an older run.
        more = !runs.is_empty();
    } else {
        runs.truncate(filter.limit);
    }
    let next = runs.last().filter(|_| more).map(|run| run.id.to_string());
    Ok(Page { items: runs.iter().map(summary).collect(), next })
}

/// A run; [`domain::ErrorKind::NotFound`] when it is not in the ledger of the lake.
pub async fn find(lake: &Lake, id: RunId) -> Result<Run> {
    let run = lake.ledger.run(id).await?;
    run.ok_or_else(|| {
        let environment = &lake.environment;
        Error::not_found(format!("there is no run {id} in {environment}; look in the list of runs"))
    })
}

/// A run as in a list.
pub fn summary(run: &Run) -> RunSummary {
    let counts = run.step(Hop::RawToConformed).map(|step| step.counts).unwrap_or_default();
    RunSummary {
        id: run.id,
        dataset: run.dataset.clone(),
        key: run.arrival.key.clone(),
        size: run.arrival.size,
        status: run.status,
        trigger: run.trigger,
        actor: run.actor.clone(),
        attempt: run.attempt,
        rows_read: counts.rows_read,
        rows_written: counts.rows_written,
        rows_rejected: counts.rows_rejected,
        failure: run.failure.as_ref().map(|failure| failure.message.clone()),
        created_at: run.created_at,
        started_at: run.started_at,
        finished_at: run.finished_at,
    }
}
