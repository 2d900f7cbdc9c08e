//! What people ask of runs.

use domain::ErrorKind;
use domain::notification::Notification;
use domain::run::{Run, RunId, RunStatus, StepStatus};
use domain::zone::Hop;

use super::LedgerUnderTest;
use super::claims::end;
use crate::run::{Heartbeat, NewRun, RunCommand};
use crate::testing::sample::{at, new_run, step};

pub(super) async fn b10_a_waiting_run_that_is_cancelled_ends_at_once_and_tells(
    test: LedgerUnderTest,
) {
    let queued = test.record("yellow", "a.csv").await;
    let held = NewRun { held: Some("not registered".into()), ..new_run("green", "a.csv") };
    let held = test.ledger.record(&held, at(0)).await.unwrap().run().clone();
    let told = test.notifications().await;
    assert_eq!(told.len(), 1, "that a run is held was told of before");
    assert_eq!(told[0].notification, Notification::of_run(&held, at(0)));
    for run in [&queued, &held] {
        let cancelled = test.ledger.command(run.id, RunCommand::Cancel, at(3)).await.unwrap();
        assert_eq!(cancelled.status, RunStatus::Cancelled);
        assert_eq!(cancelled.finished_at, Some(at(3)));
        assert_eq!(test.run(run).await, cancelled);
        let told = test.notifications().await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].notification, Notification::of_run(&cancelled, at(3)));
    }
    assert_eq!(test.claim("one", 4).await, None);
}

pub(super) async fn a_running_run_is_asked_to_stop(test: LedgerUnderTest) {
    let run = test.record("yellow", "a.csv").await;
    let claim = test.claim("one", 0).await.unwrap();
    for _ in 0..2 {
        let asked = test.ledger.command(run.id, RunCommand::Cancel, at(1)).await.unwrap();
        assert_eq!(asked.status, RunStatus::Running);
    }
    let heartbeat = test.ledger.heartbeat(&claim, at(60), None).await.unwrap();
    assert_eq!(heartbeat, Heartbeat::CancelRequested);
    assert_eq!(test.claim("two", 60).await, None, "the wish is lost with the worker");
    let cancelled = test.run(&run).await;
    assert_eq!(cancelled.status, RunStatus::Cancelled);
    assert_eq!(cancelled.failure.unwrap().kind, ErrorKind::Cancelled);
    let told = test.notifications().await;
    assert_eq!(told.len(), 1);
    assert!(told[0].notification.subject.contains("cancelled"));

    test.ledger.command(run.id, RunCommand::Retry, at(130)).await.unwrap();
    let again = test.claim("one", 130).await.unwrap();
    let heartbeat = test.ledger.heartbeat(&again, at(190), None).await.unwrap();
    assert_eq!(heartbeat, Heartbeat::Held, "a retry takes the wish back");
}

/// Half of a table must not stay as it is because its worker died when somebody cancelled.
pub(super) async fn a_commit_that_is_written_down_goes_on_although_cancelled(
    test: LedgerUnderTest,
) {
    let run = test.record("yellow", "a.csv").await;
    let claim = test.claim("one", 0).await.unwrap();
    let committing = step(Hop::RawToConformed, StepStatus::Committing);
    let committing = Run { steps: vec![committing], ..claim.run.clone() };
    test.ledger.checkpoint(&claim, &committing, None).await.unwrap();
    test.ledger.command(run.id, RunCommand::Cancel, at(1)).await.unwrap();
    let next = test.claim("two", 60).await.unwrap();
    assert_eq!(next.run.id, run.id);
    let heartbeat = test.ledger.heartbeat(&next, at(120), None).await.unwrap();
    assert_eq!(heartbeat, Heartbeat::CancelRequested);
}

pub(super) async fn a_finished_run_cannot_be_cancelled(test: LedgerUnderTest) {
    let run = test.record("yellow", "a.csv").await;
    let claim = test.claim("one", 0).await.unwrap();
    end(&test, &claim, RunStatus::Succeeded).await;
    let error = test.ledger.command(run.id, RunCommand::Cancel, at(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(test.status(&run).await, RunStatus::Succeeded);
}

pub(super) async fn a_retry_goes_on_from_the_failed_step(test: LedgerUnderTest) {
    test.record("yellow", "a.csv").await;
    let claim = test.claim("one", 0).await.unwrap();
    let mut run = claim.run.clone();
    run.status = RunStatus::Failed;
    run.steps = vec![
        step(Hop::RawToConformed, StepStatus::Succeeded),
        step(Hop::ConformedToPurposeBuilt, StepStatus::Failed),
    ];
    test.ledger.finish(&claim, &run, &Notification::of_run(&run, at(5))).await.unwrap();

    let retried = test.ledger.command(run.id, RunCommand::Retry, at(9)).await.unwrap();
    assert_eq!((retried.status, retried.attempt), (RunStatus::Queued, 0));
    assert_eq!((&retried.failure, retried.finished_at), (&None, None));
    assert_eq!(retried.steps, run.steps[..1]);
    assert_eq!(test.run(&run).await, retried);
    let again = test.claim("one", 9).await.unwrap();
    assert_eq!((again.run.id, again.run.attempt), (run.id, 1));
    assert!(again.fence > claim.fence);
    let late = test.ledger.heartbeat(&claim, at(99), None).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Conflict);
}

pub(super) async fn b10_the_outcome_of_a_retry_is_told_anew(test: LedgerUnderTest) {
    let run = test.record("yellow", "a.csv").await;
    let mut ids = Vec::new();
    for second in [1, 2] {
        test.ledger.command(run.id, RunCommand::Cancel, at(second)).await.unwrap();
        test.ledger.command(run.id, RunCommand::Retry, at(second)).await.unwrap();
        ids.extend(test.notifications().await.into_iter().map(|told| told.notification.id));
    }
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
}

pub(super) async fn only_failed_and_cancelled_runs_can_be_retried(test: LedgerUnderTest) {
    let run = test.record("yellow", "a.csv").await;
    let refused = async || {
        let error = test.ledger.command(run.id, RunCommand::Retry, at(1)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
    };
    refused().await;
    let claim = test.claim("one", 0).await.unwrap();
    refused().await;
    end(&test, &claim, RunStatus::Succeeded).await;
    refused().await;
}

pub(super) async fn a_command_for_an_unknown_run_is_not_found(test: LedgerUnderTest) {
    let id = RunId::generate();
    for command in [RunCommand::Retry, RunCommand::Cancel] {
        let error = test.ledger.command(id, command, at(1)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
    assert_eq!(test.ledger.run(id).await.unwrap(), None);
}
