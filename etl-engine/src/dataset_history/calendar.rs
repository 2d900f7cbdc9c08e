//! A year of a dataset: rows and bytes of each day, and the runs that failed.

use std::collections::{BTreeMap, BTreeSet};

use domain::Result;
use domain::partition::Partition;
use domain::run::{Run, RunId, RunStatus};
use domain::source::Source;
use domain::table::TableName;
use jiff::tz::TimeZone;

use crate::lake::Lake;
use crate::raw_to_conformed::expected_day;
use crate::run::RunFilter;

/// Failed runs that are looked at, newest first.
const FAILURES: usize = 1000;

/// The days of one year.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    /// Which year.
    pub year: i16,
    /// Years that have data or failures, ascending.
    pub years: Vec<i16>,
    /// Its days that have data or failures, in order.
    pub days: Vec<CalendarDay>,
}

/// One day of a dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct CalendarDay {
    /// Which day.
    pub day: Partition,
    /// Rows in the conformed table.
    pub rows: u64,
    /// Bytes of its files.
    pub bytes: u64,
    /// Number of its files.
    pub files: u64,
    /// Runs that failed and that no later run of the same file made good.
    pub failures: u64,
    /// The newest of them.
    pub failed_run: Option<RunId>,
}

/// The calendar of a source; of the newest year that has rows (or else failures) when
/// `year` is `None`. A failed
/// run stands on the day in which its rows would lie by the partition rule, and where only the rows
/// tell, on the day it landed (UTC).
pub async fn calendar(lake: &Lake, source: &Source, year: Option<i16>) -> Result<Calendar> {
    let name = TableName::new(source.conformed_database(), source.dataset.table());
    let mut days = BTreeMap::new();
    for stored in lake.catalog.partitions(&name, None).await? {
        let entry = days.entry(stored.partition).or_insert_with(|| empty(stored.partition));
        (entry.rows, entry.bytes, entry.files) = (stored.rows, stored.bytes, stored.files);
    }
    for run in open_failures(lake, source).await? {
        let Some(day) = day_of(source, &run) else { continue };
        let entry = days.entry(day).or_insert_with(|| empty(day));
        entry.failures += 1;
        entry.failed_run = entry.failed_run.max(Some(run.id));
    }
    let years: BTreeSet<i16> = days.keys().map(|day| day.date().year()).collect();
    // Failures of today must not hide the days that have rows.
    let with_rows = days.values().filter(|day| day.rows > 0).map(|day| day.day.date().year()).max();
    let year = year.or(with_rows).or_else(|| years.last().copied()).unwrap_or_else(this_year);
    let days = days.into_values().filter(|day| day.day.date().year() == year).collect();
    Ok(Calendar { year, years: years.into_iter().collect(), days })
}

fn empty(day: Partition) -> CalendarDay {
    CalendarDay { day, rows: 0, bytes: 0, files: 0, failures: 0, failed_run: None }
}

fn this_year() -> i16 {
    jiff::Timestamp::now().to_zoned(TimeZone::UTC).year()
}

fn day_of(source: &Source, run: &Run) -> Option<Partition> {
    expected_day(&source.partition, &run.arrival)
        .or_else(|| Partition::of(run.arrival.landed_at.to_zoned(TimeZone::UTC).date()).ok())
}

/// Failed runs whose object was not committed by a later run.
async fn open_failures(lake: &Lake, source: &Source) -> Result<Vec<Run>> {
    let dataset = &source.dataset;
    let filter = RunFilter {
        dataset: Some(dataset.clone()),
        statuses: vec![RunStatus::Failed],
        limit: FAILURES,
        ..RunFilter::default()
    };
    let mut committed = BTreeMap::new();
    let mut open = Vec::new();
    for run in lake.ledger.list(&filter).await? {
        let key = run.arrival.key.clone();
        if !committed.contains_key(&key) {
            let by = lake.committed.object(dataset, &key).await?.map(|object| object.run);
            committed.insert(key.clone(), by);
        }
        // Ids sort by time.
        let made_good = committed.get(&key).copied().flatten().is_some_and(|by| by > run.id);
        if !made_good {
            open.push(run);
        }
    }
    Ok(open)
}
