//! Trying rules on what a table holds now. Nothing is written.

use std::time::{Duration, Instant};

use app::api::quality::RulesTried;
use domain::quality::{QualityRules, RuleOutcome};
use domain::table::{CatalogTable, TableName};
use domain::{Error, Result};
use etl_engine::quality::{Days, Subject, days_to_try, evaluate};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::find_table;
use crate::open_lake::OpenLake;

/// How often a trial begins anew because a file was replaced while it was read.
const ATTEMPTS: u32 = 3;

/// How long a trial may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the rules would say about the newest days of a table, or about all of them.
pub async fn try_rules(
    at: &OpenLake,
    name: &TableName,
    rules: &QualityRules,
    all_days: bool,
) -> Result<RulesTried> {
    let begun = Instant::now();
    let lake = &at.lake;
    let table = find_table(lake, name).await?;
    let days = days_to_try(lake.catalog.as_ref(), &table, all_days).await?;
    let trying = outcomes(at, &table, &days, rules);
    let outcomes = tokio::time::timeout(PATIENCE, trying).await.map_err(|_| {
        Error::invalid(format!(
            "the trial was stopped after {} s: try fewer days or fewer rules",
            PATIENCE.as_secs()
        ))
    })??;
    Ok(RulesTried {
        outcomes,
        days: days.days.len() as u64,
        of_days: days.of_days,
        rows: days.rows,
        of_rows: days.of_rows,
        seconds: begun.elapsed().as_secs_f64(),
    })
}

async fn outcomes(
    at: &OpenLake,
    table: &CatalogTable,
    days: &Days,
    rules: &QualityRules,
) -> Result<Vec<RuleOutcome>> {
    let (lake, service) = (&at.lake, at.trials()?);
    let cancel = CancellationToken::new();
    let limits = service.session_limits(&cancel);
    // A caller who goes away drops this future, and with it what it started.
    let _stop_at_the_end = cancel.drop_guard();
    let mut attempt = 1;
    loop {
        let (table, now) = (table.clone(), Timestamp::now());
        let environment = &lake.environment;
        let subject =
            Subject::of_days(lake.into(), table, &days.days, rules, environment, now).await?;
        let limits = limits.clone();
        match service.on_threads(async move { evaluate(&subject, &limits).await }).await {
            Err(error) if error.kind().is_transient() && attempt < ATTEMPTS => attempt += 1,
            done => return done,
        }
    }
}
