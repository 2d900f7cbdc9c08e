//! The lake at a glance.

use std::collections::BTreeMap;

use app::api::overview::{
    DatasetState, DayRuns, Overview, QualityTrouble, StatusCount, ZoneTotals,
};
use app::api::quality::LastJudgement;
use app::api::runs::RunSummary;
use domain::Result;
use domain::run::RunStatus;
use domain::table::{TableName, TableTotals};
use domain::zone::Zone;
use etl_engine::lake::Lake;
use etl_engine::run::{ArrivalTotals, DayCount, RunFilter};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::summary;
use crate::quality::troubled;

/// Days in the chart, today included.
const DAYS: i64 = 14;
/// Runs in each short list.
const FEW: usize = 5;
/// Datasets in the table.
const DATASETS: usize = 20;

/// What the lake holds and what goes on in it at `now`. `raw_folder` is where files are dropped.
pub async fn overview(lake: &Lake, raw_folder: String, now: Timestamp) -> Result<Overview> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let first = today.saturating_sub((DAYS - 1).days());
    let (arrivals, tables, by_day, by_status, datasets, sources) = tokio::try_join!(
        lake.reports.arrivals(),
        lake.catalog.totals(),
        lake.reports.by_day(begin_of(first)),
        lake.reports.by_status(),
        lake.reports.datasets(begin_of(today), DATASETS),
        lake.sources.list(),
    )?;
    let (failed, held, open) = tokio::try_join!(
        runs_with(lake, &[RunStatus::Failed], FEW),
        // Many files of one dataset wait for one registration.
        runs_with(lake, &[RunStatus::Held], FEW * 10),
        runs_with(lake, &[RunStatus::Queued, RunStatus::Running], FEW),
    )?;
    let states = datasets.into_iter().map(|activity| DatasetState {
        dataset: activity.dataset,
        last_run: activity.last_run,
        status: activity.status,
        created_at: activity.created_at,
        rows_today: activity.rows_since,
    });
    Ok(Overview {
        zones: zones(&arrivals, &tables),
        days: days(first, today, &by_day),
        statuses: by_status
            .into_iter()
            .map(|(status, runs)| StatusCount { status, runs })
            .collect(),
        failed,
        held: one_per_dataset(held),
        open,
        datasets: states.collect(),
        quality: troubled(lake, FEW).await?.into_iter().map(trouble).collect(),
        sources: sources.len() as u64,
        raw_folder: Some(raw_folder),
    })
}

fn trouble((name, last): (TableName, LastJudgement)) -> QualityTrouble {
    QualityTrouble { database: name.database, table: name.table, last }
}

async fn runs_with(lake: &Lake, statuses: &[RunStatus], limit: usize) -> Result<Vec<RunSummary>> {
    let filter = RunFilter { statuses: statuses.to_vec(), limit, ..RunFilter::default() };
    Ok(lake.ledger.list(&filter).await?.iter().map(summary).collect())
}

fn one_per_dataset(runs: Vec<RunSummary>) -> Vec<RunSummary> {
    let mut kept: Vec<RunSummary> = Vec::new();
    for run in runs {
        if kept.len() < FEW && !kept.iter().any(|other| other.dataset == run.dataset) {
            kept.push(run);
        }
    }
    kept
}

fn zones(arrivals: &ArrivalTotals, tables: &[TableTotals]) -> Vec<ZoneTotals> {
    let raw = ZoneTotals {
        zone: Zone::Raw,
        bytes: arrivals.bytes,
        files: arrivals.files,
        rows: None,
        tables: None,
        updated_at: arrivals.last_landed_at,
    };
    let of_tables = |zone| {
        let tables: Vec<_> = tables.iter().filter(|table| table.zone == zone).collect();
        ZoneTotals {
            zone,
            bytes: tables.iter().map(|table| table.bytes).sum(),
            files: tables.iter().map(|table| table.files).sum(),
            rows: Some(tables.iter().map(|table| table.rows).sum()),
            tables: Some(tables.len() as u64),
            updated_at: tables.iter().filter_map(|table| table.updated_at).max(),
        }
    };
    vec![raw, of_tables(Zone::Conformed), of_tables(Zone::PurposeBuilt)]
}

/// A row per day, days without runs too.
fn days(first: Date, today: Date, counts: &[DayCount]) -> Vec<DayRuns> {
    let mut by_day: BTreeMap<Date, DayRuns> = first
        .series(1.day())
        .take_while(|day| *day <= today)
        .map(|day| (day, DayRuns { day: day.to_string(), ..DayRuns::default() }))
        .collect();
    for count in counts {
        let Some(day) = by_day.get_mut(&count.day.date()) else { continue };
        match count.status {
            RunStatus::Succeeded => day.succeeded += count.runs,
            RunStatus::Failed => day.failed += count.runs,
            RunStatus::Queued | RunStatus::Running | RunStatus::Held => day.open += count.runs,
            _ => day.other += count.runs,
        }
    }
    by_day.into_values().collect()
}

fn begin_of(day: Date) -> Timestamp {
    day.to_zoned(TimeZone::UTC).map_or(Timestamp::UNIX_EPOCH, |begin| begin.timestamp())
}
