//! The contract of the reports over runs.

use domain::notification::Notification;
use domain::partition::Partition;
use domain::run::{Counts, Run, RunStatus, StepStatus};
use domain::zone::Hop;
use jiff::{SignedDuration, Timestamp};

use super::sample::{at, dataset, step};
use super::{LedgerUnderTest, cases};
use crate::run::{ArrivalTotals, DayCount};

/// Runs the contract over the reports of the ledgers that `make` makes, each empty.
pub async fn run_reports(make: impl AsyncFn() -> LedgerUnderTest) {
    cases!(
        "run reports",
        make,
        [
            an_empty_ledger_has_empty_reports,
            every_write_of_a_run_is_a_change,
            runs_are_counted_by_status_and_by_day,
            datasets_are_told_by_their_last_run,
            every_version_arrived_once,
        ]
    );
}

async fn an_empty_ledger_has_empty_reports(test: LedgerUnderTest) {
    let reports = test.reports;
    assert_eq!(reports.changed_since(at(0), 10).await.unwrap(), []);
    assert_eq!(reports.by_status().await.unwrap(), []);
    assert_eq!(reports.by_day(at(0)).await.unwrap(), []);
    assert_eq!(reports.row_counts(&dataset("yellow"), 10).await.unwrap(), []);
    assert_eq!(reports.datasets(at(0), 10).await.unwrap(), []);
    assert_eq!(reports.arrivals().await.unwrap(), ArrivalTotals::default());
}

async fn every_write_of_a_run_is_a_change(test: LedgerUnderTest) {
    let changed = async |since: Timestamp| {
        let changes = test.reports.changed_since(since, 10).await.unwrap();
        changes.into_iter().map(|change| (change.run, change.status)).collect::<Vec<_>>()
    };
    let run = test.record("yellow", "a.csv").await.id;
    assert_eq!(changed(at(0)).await, [(run, RunStatus::Queued)]);
    let other = test.record("green", "a.csv").await.id;

    let before_claim = pause().await;
    let claim = test.claim("one", 0).await.unwrap();
    assert_eq!(changed(before_claim).await, [(run, RunStatus::Running)]);
    assert_eq!(changed(at(0)).await, [(other, RunStatus::Queued), (run, RunStatus::Running)]);

    let before_heartbeat = pause().await;
    assert_eq!(changed(before_heartbeat).await, []);
    test.ledger.heartbeat(&claim, at(60), None).await.unwrap();
    assert_eq!(changed(before_heartbeat).await, [(run, RunStatus::Running)]);

    let before_end = pause().await;
    finish(&test, &claim, RunStatus::Failed, 0).await;
    assert_eq!(changed(before_end).await, [(run, RunStatus::Failed)]);
    assert_eq!(test.reports.changed_since(at(0), 1).await.unwrap().len(), 1);
}

async fn runs_are_counted_by_status_and_by_day(test: LedgerUnderTest) {
    for file in ["a.csv", "b.csv"] {
        test.record("yellow", file).await;
    }
    test.record("yellow", "a.csv").await;
    let reports = test.reports;
    let expected = [(RunStatus::Queued, 2), (RunStatus::Duplicate, 1)];
    assert_eq!(reports.by_status().await.unwrap(), expected);
    // All samples are recorded at 2020-09-13 12:26:40 UTC.
    let day: Partition = "2020-09-13".parse().unwrap();
    let expected = expected.map(|(status, runs)| DayCount { day, status, runs });
    assert_eq!(reports.by_day(at(0)).await.unwrap(), expected);
    assert_eq!(reports.by_day(at(1)).await.unwrap(), []);
}

async fn datasets_are_told_by_their_last_run(test: LedgerUnderTest) {
    let first = test.record("yellow", "a.csv").await;
    let claim = test.claim("one", 0).await.unwrap();
    finish(&test, &claim, RunStatus::Succeeded, 40).await;
    let green = test.record("green", "a.csv").await;
    let last = test.record("yellow", "b.csv").await;
    test.record("yellow", "a.csv").await;

    let told = test.reports.datasets(at(0), 10).await.unwrap();
    let told: Vec<_> =
        told.iter().map(|told| (told.last_run, told.status, told.rows_since)).collect();
    let queued = RunStatus::Queued;
    assert_eq!(told, [(last.id, queued, 40), (green.id, queued, 0)]);
    let later = test.reports.datasets(at(1), 1).await.unwrap();
    assert_eq!((later.len(), later[0].rows_since), (1, 0));

    let rows = test.reports.row_counts(&dataset("yellow"), 10).await.unwrap();
    let rows: Vec<_> = rows.iter().map(|row| (row.run, row.status, row.rows_written)).collect();
    assert_eq!(rows, [(last.id, queued, 0), (first.id, RunStatus::Succeeded, 40)]);
    assert_eq!(test.reports.row_counts(&dataset("yellow"), 1).await.unwrap().len(), 1);
}

async fn every_version_arrived_once(test: LedgerUnderTest) {
    for file in ["a.csv", "b.csv", "a.csv"] {
        test.record("yellow", file).await;
    }
    let expected = ArrivalTotals { files: 2, bytes: 2 * 96, last_landed_at: Some(at(0)) };
    assert_eq!(test.reports.arrivals().await.unwrap(), expected);
}

/// A moment after all that was done so far and before all that comes.
async fn pause() -> Timestamp {
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    let now = Timestamp::now();
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    now - SignedDuration::from_millis(1)
}

async fn finish(test: &LedgerUnderTest, claim: &crate::run::Claim, status: RunStatus, rows: u64) {
    let mut done = step(Hop::RawToConformed, StepStatus::Succeeded);
    done.counts = Counts { rows_read: rows, rows_written: rows, ..Counts::default() };
    let run = Run { status, steps: vec![done], finished_at: Some(at(9)), ..claim.run.clone() };
    test.ledger.finish(claim, &run, &Notification::of_run(&run, at(9))).await.unwrap();
}
