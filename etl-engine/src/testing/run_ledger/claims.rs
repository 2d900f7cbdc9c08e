//! Claims, leases and fences.

use std::collections::HashSet;

use domain::ErrorKind;
use domain::notification::Notification;
use domain::run::{Failure, RunStatus, StepStatus};
use domain::zone::Hop;
use futures::future::join_all;

use super::LedgerUnderTest;
use crate::run::{Claim, Heartbeat};
use crate::testing::sample::{at, request, step};

pub(super) async fn a_dataset_is_worked_on_in_the_order_of_recording(test: LedgerUnderTest) {
    let first = test.record("yellow", "a.csv").await;
    let second = test.record("yellow", "b.csv").await;
    let claim = test.claim("one", 0).await.unwrap();
    assert_eq!(claim.run.id, first.id);
    assert_eq!((claim.run.status, claim.run.attempt), (RunStatus::Running, 1));
    assert_eq!(claim.run.started_at, Some(at(0)));
    assert_eq!(test.claim("two", 1).await, None);
    end(&test, &claim, RunStatus::Succeeded).await;
    assert_eq!(test.claim("two", 2).await.unwrap().run.id, second.id);
}

pub(super) async fn b11_datasets_do_not_wait_for_each_other(test: LedgerUnderTest) {
    let tables = ["yellow", "green", "fhv", "hvfhv"];
    for table in tables {
        test.record(table, "a.csv").await;
        test.record(table, "b.csv").await;
    }
    for table in tables {
        let claim = test.claim("one", 0).await.unwrap();
        assert_eq!(claim.run.dataset.table(), table);
    }
    assert_eq!(test.claim("one", 0).await, None);
}

pub(super) async fn a_run_that_is_not_due_keeps_later_ones_of_its_dataset_waiting(
    test: LedgerUnderTest,
) {
    let first = test.record("yellow", "a.csv").await;
    test.record("yellow", "b.csv").await;
    let claim = test.claim("one", 0).await.unwrap();
    test.ledger.release(&claim, &claim.run, at(30), true).await.unwrap();
    assert_eq!(test.claim("one", 29).await, None);
    let claim = test.claim("one", 30).await.unwrap();
    assert_eq!((claim.run.id, claim.run.attempt), (first.id, 2));
}

pub(super) async fn b3_a_run_is_claimed_again_when_its_lease_ran_out(test: LedgerUnderTest) {
    let run = test.record("yellow", "a.csv").await;
    let first = test.claim("one", 0).await.unwrap();
    assert_eq!(test.claim("two", 59).await, None);
    let second = test.claim("two", 60).await.unwrap();
    assert_eq!((second.run.id, second.run.attempt), (run.id, 2));
    assert!(second.fence > first.fence);
    assert_eq!(second.run.started_at, Some(at(0)));
}

pub(super) async fn a_heartbeat_prolongs_the_lease(test: LedgerUnderTest) {
    test.record("yellow", "a.csv").await;
    let claim = test.claim("one", 0).await.unwrap();
    let heartbeat = test.ledger.heartbeat(&claim, at(100), None).await.unwrap();
    assert_eq!(heartbeat, Heartbeat::Held);
    assert_eq!(test.claim("two", 99).await, None);
    assert!(test.claim("two", 100).await.is_some());
}

pub(super) async fn b4_a_worker_paused_past_its_lease_cannot_write(test: LedgerUnderTest) {
    let run = test.record("yellow", "a.csv").await;
    let paused = test.claim("one", 0).await.unwrap();
    let present = test.claim("two", 60).await.unwrap();
    let mut changed = paused.run.clone();
    changed.status = RunStatus::Succeeded;
    changed.steps.push(step(Hop::RawToConformed, StepStatus::Succeeded));
    let told = Notification::of_run(&changed, at(61));
    let ledger = &test.ledger;
    let refused = [
        ledger.heartbeat(&paused, at(500), None).await.unwrap_err(),
        ledger.checkpoint(&paused, &changed, None).await.unwrap_err(),
        ledger.finish(&paused, &changed, &told).await.unwrap_err(),
        ledger.release(&paused, &changed, at(61), true).await.unwrap_err(),
    ];
    assert!(refused.iter().all(|error| error.kind() == ErrorKind::Conflict), "{refused:?}");
    assert_eq!(test.run(&run).await, present.run);
    assert_eq!(test.notifications().await, []);
    assert!(test.claim("three", 120).await.is_some(), "the refused heartbeat prolonged the lease");
}

pub(super) async fn b5_a_run_that_kills_its_workers_fails_and_tells(test: LedgerUnderTest) {
    let run = test.record("yellow", "a.csv").await;
    let next = test.record("yellow", "b.csv").await;
    for attempt in 0..3 {
        let claim = test.claim("one", attempt * 60).await.unwrap();
        assert_eq!(claim.run.id, run.id);
        let mut begun = claim.run.clone();
        begun.steps = vec![step(Hop::RawToConformed, StepStatus::Running)];
        test.ledger.checkpoint(&claim, &begun, None).await.unwrap();
    }
    let claim = test.claim("one", 180).await.unwrap();
    assert_eq!(claim.run.id, next.id);

    let failed = test.run(&run).await;
    assert_eq!((failed.status, failed.attempt), (RunStatus::Failed, 3));
    assert_eq!(failed.finished_at, Some(at(180)));
    assert_eq!(failed.steps[0].status, StepStatus::Failed);
    let failure = failed.failure.clone().unwrap();
    assert_eq!(failure.hop, Some(Hop::RawToConformed));
    assert!(failure.message.contains("one"), "{}", failure.message);
    let told = test.notifications().await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].notification, Notification::of_run(&failed, at(180)));
}

pub(super) async fn b5_the_last_error_is_kept_when_attempts_are_used_up(test: LedgerUnderTest) {
    let run = test.record("yellow", "a.csv").await;
    for attempt in 0..3 {
        let claim = test.claim("one", attempt).await.unwrap();
        let mut failed = claim.run.clone();
        failed.failure = Some(Failure {
            hop: Some(Hop::RawToConformed),
            kind: ErrorKind::Throttled,
            message: "the store asks to slow down".into(),
        });
        test.ledger.release(&claim, &failed, at(attempt + 1), true).await.unwrap();
    }
    assert_eq!(test.claim("one", 10).await, None);
    let failed = test.run(&run).await;
    let failure = failed.failure.unwrap();
    assert_eq!((failed.status, failure.kind), (RunStatus::Failed, ErrorKind::Throttled));
    assert!(failure.message.contains("the store asks to slow down"), "{}", failure.message);
}

pub(super) async fn a_shutdown_is_no_attempt(test: LedgerUnderTest) {
    test.record("yellow", "a.csv").await;
    let first = test.claim("one", 0).await.unwrap();
    test.ledger.release(&first, &first.run, at(1), false).await.unwrap();
    let second = test.claim("two", 1).await.unwrap();
    assert_eq!(second.run.attempt, 1);
    assert!(second.fence > first.fence);
    let error = test.ledger.heartbeat(&first, at(9), None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

pub(super) async fn b13_racing_workers_never_share_a_run_or_a_dataset(test: LedgerUnderTest) {
    const TABLES: [&str; 4] = ["yellow", "green", "fhv", "hvfhv"];
    for table in TABLES {
        for number in 0..5 {
            test.record(table, &format!("{number}.csv")).await;
        }
    }
    let mut done = HashSet::new();
    for round in 0..5 {
        let workers = (0..8).map(|worker| {
            let ledger = test.server(worker);
            let request = request(&format!("worker-{worker}"));
            tokio::spawn(async move { ledger.claim(&request, at(round)).await.unwrap() })
        });
        let claims = join_all(workers).await;
        let mut claims: Vec<_> = claims.into_iter().filter_map(Result::unwrap).collect();
        // A worker that lost its race may come back empty-handed; nothing is left behind by that.
        while let Some(claim) = test.claim("last", round).await {
            claims.push(claim);
        }
        let datasets: HashSet<_> = claims.iter().map(|claim| &claim.run.dataset).collect();
        assert_eq!((claims.len(), datasets.len()), (TABLES.len(), TABLES.len()));
        for claim in &claims {
            assert!(done.insert(claim.run.id), "run {} was claimed twice", claim.run.id);
            assert!(claim.run.arrival.key.ends_with(&format!("/{round}.csv")));
            end(&test, claim, RunStatus::Succeeded).await;
        }
    }
    assert_eq!(done.len(), 20);
}

pub(super) async fn end(test: &LedgerUnderTest, claim: &Claim, status: RunStatus) {
    let mut run = claim.run.clone();
    run.status = status;
    run.finished_at = Some(at(100));
    let notification = Notification::of_run(&run, at(100));
    test.ledger.finish(claim, &run, &notification).await.unwrap();
}
