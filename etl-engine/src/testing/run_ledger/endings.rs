//! Checkpoints and endings.

use domain::ErrorKind;
use domain::notification::Notification;
use domain::partition::Partition;
use domain::run::{CommittedFile, CommittedObject, Counts, Run, RunStatus, StepStatus};
use domain::zone::Hop;

use super::LedgerUnderTest;
use crate::run::PartitionTotals;
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
    assert_eq!(test.committed.object(&yellow, key).await.unwrap(), Some(committed));
    assert_eq!(test.committed.object(&yellow, "tlc/yellow/b.csv").await.unwrap(), None);
    assert_eq!(test.committed.object(&dataset("green"), key).await.unwrap(), None);

    let replaced = super::endings::committed(&run, 12);
    test.ledger.checkpoint(&claim, &run, Some(&replaced)).await.unwrap();
    assert_eq!(test.committed.object(&yellow, key).await.unwrap(), Some(replaced));
}

pub(super) async fn totals_follow_what_objects_hold(test: LedgerUnderTest) {
    let day = |text: &str| text.parse::<Partition>().unwrap();
    let file = |name: &str, partition: Partition, rows| CommittedFile {
        path: name.into(),
        partition,
        rows,
        bytes: rows * 10,
    };
    let (first, second) = (day("2020-08-05"), day("2020-08-06"));
    test.record("yellow", "a.csv").await;
    let claim = test.claim("one", 0).await.unwrap();
    let store = async |key: &str, files: Vec<CommittedFile>| {
        let held = committed(&claim.run, 1);
        let held = CommittedObject { key: key.into(), files, ..held };
        test.ledger.checkpoint(&claim, &claim.run, Some(&held)).await.unwrap();
    };
    store("tlc/yellow/a.csv", vec![file("1/a", first, 3), file("2/a", second, 5)]).await;
    store("tlc/yellow/b.csv", vec![file("1/b", first, 4)]).await;
    let yellow = dataset("yellow");
    let both = [first, second, day("2020-08-07")];
    let totals = test.committed.totals(&yellow, &both).await.unwrap();
    let expected =
        |partition, rows, files| PartitionTotals { partition, rows, bytes: rows * 10, files };
    assert_eq!(totals, [expected(first, 7, 2), expected(second, 5, 1)]);

    store("tlc/yellow/a.csv", vec![file("1/a", first, 1)]).await;
    let totals = test.committed.totals(&yellow, &both).await.unwrap();
    assert_eq!(totals, [expected(first, 5, 2)]);
    assert_eq!(test.committed.totals(&yellow, &[]).await.unwrap(), []);
    assert_eq!(test.committed.totals(&dataset("green"), &both).await.unwrap(), []);
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
    assert_eq!(test.committed.object(&run.dataset, &run.arrival.key).await.unwrap(), None);
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
