//! Checkpoints and endings.

use domain::ErrorKind;
use domain::notification::Notification;
use domain::partition::Partition;
use domain::run::{CommittedFile, CommittedObject, Counts, Run, RunStatus, StepStatus};
use domain::zone::Hop;

use super::LedgerUnderTest;
use crate::testing::sample::{at, dataset, step};

pub(super) async fn b7_a_checkpoint_stores_steps_and_what_the_object_holds(test: LedgerUnderTest) {
    test.record("yellow", "a.csv").await;
    let claim = test.claim("one", 0).await.unwrap();
    let mut run = claim.run.clone();
    run.engine = "1.2.3".into();
    run.steps = vec![step(Hop::RawToConformed, StepStatus::Succeeded)];
    run.steps[0].counts = Counts {
        rows_read: 10,
        rows_written: 9,
        rows_rejected: 1,
        bytes_read: 96,
        bytes_written: 64,
    };
    let committed = committed(&run, 9);
    for _ in 0..2 {
        test.ledger.checkpoint(&claim, &run, Some(&committed)).await.unwrap();
    }
    assert_eq!(test.run(&run).await, run);
    let key = &run.arrival.key;
    let yellow = dataset("yellow");
    assert_eq!(test.ledger.committed(&yellow, key).await.unwrap(), Some(committed));
    assert_eq!(test.ledger.committed(&yellow, "tlc/yellow/b.csv").await.unwrap(), None);
    assert_eq!(test.ledger.committed(&dataset("green"), key).await.unwrap(), None);

    let replaced = super::endings::committed(&run, 12);
    test.ledger.checkpoint(&claim, &run, Some(&replaced)).await.unwrap();
    assert_eq!(test.ledger.committed(&yellow, key).await.unwrap(), Some(replaced));
}

pub(super) async fn b1_an_ending_and_its_notification_are_one(test: LedgerUnderTest) {
    test.record("yellow", "a.csv").await;
    let claim = test.claim("one", 0).await.unwrap();
    let mut run = claim.run.clone();
    run.status = RunStatus::Succeeded;
    run.finished_at = Some(at(7));
    run.steps = vec![step(Hop::RawToConformed, StepStatus::Succeeded)];
    let notification = Notification::of_run(&run, at(7));
    test.ledger.finish(&claim, &run, &notification).await.unwrap();
    assert_eq!(test.run(&run).await, run);
    let told = test.notifications().await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].notification, notification);

    let again = test.ledger.finish(&claim, &run, &notification).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Conflict);
    assert_eq!(test.claim("two", 500).await, None);
}

pub(super) async fn b1_an_ending_that_is_refused_tells_nobody(test: LedgerUnderTest) {
    test.record("yellow", "a.csv").await;
    let mut claim = test.claim("one", 0).await.unwrap();
    claim.fence += 1;
    let mut run = claim.run.clone();
    run.status = RunStatus::Succeeded;
    let committed = committed(&run, 1);
    let notification = Notification::of_run(&run, at(7));
    let error = test.ledger.finish(&claim, &run, &notification).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let error = test.ledger.checkpoint(&claim, &run, Some(&committed)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(test.notifications().await, []);
    assert_eq!(test.ledger.committed(&run.dataset, &run.arrival.key).await.unwrap(), None);
    assert_eq!(test.status(&run).await, RunStatus::Running);
}

pub(super) async fn b2_a_run_cannot_end_without_an_ending(test: LedgerUnderTest) {
    test.record("yellow", "a.csv").await;
    let claim = test.claim("one", 0).await.unwrap();
    let notification = Notification::of_run(&claim.run, at(7));
    let error = test.ledger.finish(&claim, &claim.run, &notification).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(test.notifications().await, []);
    assert_eq!(test.status(&claim.run).await, RunStatus::Running);
}

fn committed(run: &Run, rows: u64) -> CommittedObject {
    let partition = Partition::from_values("2020", "08", "05").unwrap();
    CommittedObject {
        key: run.arrival.key.clone(),
        version: run.arrival.version.clone(),
        sequencer: run.arrival.sequencer.clone(),
        ingest_date: Some(partition),
        files: vec![CommittedFile {
            path: format!("tlc/yellow/{}/a.parquet", partition.path()),
            partition,
            rows,
            bytes: 64,
        }],
        run: run.id,
    }
}
