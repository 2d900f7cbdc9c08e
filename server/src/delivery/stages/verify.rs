//! The verify stage: tables are built by what was deployed, and a query reads each of them.

use std::time::Duration;

use domain::dataset::DatasetId;
use domain::plan::Plan;
use domain::query::QueryLimits;
use domain::run::{RunId, RunStatus};
use domain::{Error, Result};
use etl_engine::query::service::QueryService;
use etl_engine::transformation::subject::Subject;
use tokio_util::sync::CancellationToken;

use super::deploy::Say;
use crate::delivery::data::rebuild;
use crate::open_lake::OpenLake;

/// Between two looks at a run.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// Looks at a run before it is left to itself: 20 minutes.
const LOOKS: u32 = 4_000;

/// Builds the tables of changed transformations anew, and waits for them. Repeated after a crash, it
/// builds them once more, to the same rows.
pub async fn rebuild_tables(plan: &Plan, lake: &OpenLake, say: &impl Say) -> Result<()> {
    let actor = plan.requested_by.as_ref().map_or("sluice", |person| person.login.as_str());
    for change in &plan.transformations {
        let dataset = &change.dataset;
        match rebuild(&lake.lake, dataset, actor).await? {
            None => say.say(format!("{dataset}: no file was carried out yet")).await?,
            Some(run) => {
                say.say(format!("{dataset}: run {run} builds its table anew")).await?;
                wait(lake, dataset, run).await?;
                say.say(format!("{dataset}: built")).await?;
            }
        }
    }
    Ok(())
}

async fn wait(lake: &OpenLake, dataset: &DatasetId, run: RunId) -> Result<()> {
    for _ in 0..LOOKS {
        let found = lake.lake.ledger.run(run).await?;
        let found =
            found.ok_or_else(|| Error::internal(format!("run {run} is not in the ledger")))?;
        match found.status {
            RunStatus::Succeeded | RunStatus::Superseded | RunStatus::Duplicate => return Ok(()),
            status if status.is_terminal() => {
                let why = found.failure.map(|failure| failure.message).unwrap_or_default();
                return Err(Error::invalid(format!("{dataset}: run {run} is {status}: {why}")));
            }
            _ => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
    Err(Error::invalid(format!(
        "{dataset}: run {run} did not end in 20 minutes: look at it, then retry from verify"
    )))
}

/// Reads one row of every changed table that is there. Returns how many it read.
pub async fn smoke_queries(plan: &Plan, lake: &OpenLake) -> Result<u32> {
    let mut read = 0;
    for change in &plan.transformations {
        let built = Subject::of(&lake.lake, &change.dataset).await?.built;
        if lake.lake.catalog.table(&built).await?.is_none() {
            continue;
        }
        let sql = format!("SELECT * FROM \"{}\".\"{}\" LIMIT 1", built.database, built.table);
        let limits = QueryLimits::default();
        let asked = lake.trials()?;
        let answer = asked.run(&sql, &limits, &CancellationToken::new()).await;
        answer.map_err(|error| {
            error.context(format!("reading {}.{}", built.database, built.table))
        })?;
        read += 1;
    }
    Ok(read)
}
