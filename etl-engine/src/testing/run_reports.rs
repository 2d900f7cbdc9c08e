//! The contract of the reports over runs.

use domain::notification::Notification;
use domain::partition::Partition;
use domain::run::{Counts, Run, RunStatus, StepStatus, Trigger};
use domain::zone::Hop;
use jiff::{SignedDuration, Timestamp};

use super::sample::{at, dataset, new_run, step};
use super::{LedgerUnderTest, cases};
use crate::run::{ArrivalTotals, DayCount, NewRun, RejectedRunsFilter};

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
            runs_that_rejected_rows_are_told_newest_first,
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
    assert_eq!(reports.rejected_runs(&all()).await.unwrap(), []);
    assert_eq!(reports.rejecting_datasets().await.unwrap(), []);
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

async fn runs_that_rejected_rows_are_told_newest_first(test: LedgerUnderTest) {
    let mut runs = Vec::new();
    for (table, file, rejected) in
        [("yellow", "a.csv", 3), ("green", "a.csv", 1), ("yellow", "b.csv", 2), ("fhv", "a.csv", 0)]
    {
        runs.push(test.record(table, file).await.id);
        let claim = test.claim("one", 0).await.unwrap();
        finish_with(&test, &claim, RunStatus::Succeeded, (10, rejected)).await;
    }
    test.record("green", "a.csv").await;
    let replayed = NewRun { trigger: Trigger::Replay, ..new_run("yellow", "a.csv") };
    let replayed = test.ledger.record(&replayed, at(5)).await.unwrap().run().id;
    let reports = &test.reports;
    let told = reports.rejected_runs(&all()).await.unwrap();
    let ids: Vec<_> = told.iter().map(|run| (run.id, run.rows_rejected, run.newer)).collect();
    let expected = [(runs[2], 2, None), (runs[1], 1, None), (runs[0], 3, Some(replayed))];
    assert_eq!(ids, expected);
    assert_eq!((told[0].rows_read, told[0].status), (10, RunStatus::Succeeded));
    assert!(told[0].key.ends_with("b.csv"));

    let yellow = dataset("yellow");
    let filter = RejectedRunsFilter { dataset: Some(yellow.clone()), ..all() };
    assert_eq!(reports.rejected_runs(&filter).await.unwrap().len(), 2);
    let filter = RejectedRunsFilter { before: Some(runs[2]), limit: 1, ..all() };
    assert_eq!(reports.rejected_runs(&filter).await.unwrap(), told[1..2]);
    assert_eq!(reports.rejected_run(runs[0]).await.unwrap().as_ref(), Some(&told[2]));
    assert_eq!(reports.rejected_run(runs[3]).await.unwrap(), None);
    let datasets = reports.rejecting_datasets().await.unwrap();
    let expected = [(yellow, 2, 20, 5, runs[2]), (dataset("green"), 1, 10, 1, runs[1])];
    let datasets = datasets.into_iter().map(|found| {
        (found.dataset, found.runs, found.rows_read, found.rows_rejected, found.newest)
    });
    assert_eq!(datasets.collect::<Vec<_>>(), expected);
}

fn all() -> RejectedRunsFilter {
    RejectedRunsFilter { limit: 100, ..RejectedRunsFilter::default() }
}

/// A moment after all that was done so far and before all that comes.
async fn pause() -> Timestamp {
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    let now = Timestamp::now();
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    now - SignedDuration::from_millis(1)
}

async fn finish(test: &LedgerUnderTest, claim: &crate::run::Claim, status: RunStatus, rows: u64) {
    finish_with(test, claim, status, (rows, 0)).await;
}

async fn finish_with(
    test: &LedgerUnderTest,
    claim: &crate::run::Claim,
    status: RunStatus,
    (read, rejected): (u64, u64),
) {
    let mut done = step(Hop::RawToConformed, StepStatus::Succeeded);
    done.counts = Counts {
        rows_read: read,
        rows_written: read - rejected,
        rows_rejected: rejected,
        ..Counts::default()
    };
    let run = Run { status, steps: vec![done], finished_at: Some(at(9)), ..claim.run.clone() };
    test.ledger.finish(claim, &run, &Notification::of_run(&run, at(9))).await.unwrap();
}
