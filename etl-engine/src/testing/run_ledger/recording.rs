//! Recording arrivals.

use domain::arrival::{Arrival, ObjectVersion};
use domain::run::{RunStatus, Trigger};
use futures::future::join_all;

use super::LedgerUnderTest;
use crate::run::{NewRun, Recorded};
use crate::testing::sample::{arrival, at, dataset, new_run};

pub(super) async fn b2_a_recorded_run_reads_back_as_queued(test: LedgerUnderTest) {
    let new = new_run("yellow", "a.csv");
    let recorded = test.ledger.record(&new, at(5)).await.unwrap();
    let Recorded::New(run) = recorded else { panic!("{recorded:?}") };
    assert_eq!(run.status, RunStatus::Queued);
    assert_eq!((&run.arrival, &run.dataset), (&new.arrival, &new.dataset));
    assert_eq!((run.attempt, run.created_at, run.started_at), (0, at(5), None));
    assert_eq!(test.run(&run).await, run);
}

pub(super) async fn a6_the_second_of_two_equal_arrivals_is_a_duplicate(test: LedgerUnderTest) {
    let first = test.record("yellow", "a.csv").await;
    let recorded = test.ledger.record(&new_run("yellow", "a.csv"), at(1)).await.unwrap();
    let Recorded::Duplicate(second) = recorded else { panic!("{recorded:?}") };
    assert_eq!(second.status, RunStatus::Duplicate);
    assert_eq!(second.original, Some(first.id));
    assert_eq!(second.finished_at, Some(at(1)));
    assert_eq!(test.run(&second).await, second);

    let key = "tlc/yellow/a.csv";
    let tag = arrival(key, "other");
    let id = Arrival { version: ObjectVersion::VersionId("a.csv".into()), ..arrival(key, "") };
    let bucket = Arrival { bucket: "elsewhere".into(), ..arrival(key, "a.csv") };
    for arrival in [tag, id, bucket] {
        let new = NewRun { arrival, ..new_run("yellow", "a.csv") };
        let recorded = test.ledger.record(&new, at(2)).await.unwrap();
        assert!(matches!(recorded, Recorded::New(_)), "{recorded:?}");
    }
}

pub(super) async fn a6_equal_arrivals_at_the_same_time_make_one_run(test: LedgerUnderTest) {
    let new = new_run("yellow", "a.csv");
    let records = (0..16).map(|number| {
        let (ledger, new) = (test.server(number), new.clone());
        tokio::spawn(async move { ledger.record(&new, at(0)).await.unwrap() })
    });
    let recorded: Vec<_> = join_all(records).await.into_iter().map(Result::unwrap).collect();
    let is_new = |recorded: &&Recorded| matches!(recorded, Recorded::New(_));
    let first: Vec<_> = recorded.iter().filter(is_new).collect();
    assert_eq!(first.len(), 1);
    for other in recorded.iter().filter(|recorded| !is_new(recorded)) {
        assert_eq!(other.run().original, Some(first[0].run().id));
    }
}

pub(super) async fn a_replay_is_never_a_duplicate(test: LedgerUnderTest) {
    let first = test.record("yellow", "a.csv").await;
    let replay = NewRun {
        trigger: Trigger::Replay,
        actor: "ada".into(),
        original: Some(first.id),
        ..new_run("yellow", "a.csv")
    };
    for _ in 0..2 {
        let recorded = test.ledger.record(&replay, at(1)).await.unwrap();
        let Recorded::New(run) = recorded else { panic!("{recorded:?}") };
        assert_eq!(run.original, Some(first.id));
        assert_eq!(run.actor, "ada");
    }
    let again = test.ledger.record(&new_run("yellow", "a.csv"), at(2)).await.unwrap();
    assert_eq!(again.run().original, Some(first.id));
}

pub(super) async fn a12_only_unrecorded_arrivals_are_unknown(test: LedgerUnderTest) {
    let known: Vec<_> = (0..11).map(|number| format!("{number}.csv")).collect();
    for file in &known {
        test.record("yellow", file).await;
    }
    let mut asked: Vec<_> = known.iter().map(|file| new_run("yellow", file).arrival).collect();
    let changed = arrival("tlc/yellow/3.csv", "changed");
    let lost = arrival("tlc/yellow/lost.csv", "lost");
    asked.insert(4, changed.clone());
    asked.push(lost.clone());
    assert_eq!(test.ledger.unknown(asked).await.unwrap(), [changed, lost]);
    assert_eq!(test.ledger.unknown(Vec::new()).await.unwrap(), []);
}

pub(super) async fn a_held_run_waits_until_its_dataset_is_registered(test: LedgerUnderTest) {
    let held = |table| NewRun { held: Some("not registered".into()), ..new_run(table, "a.csv") };
    let run = test.ledger.record(&held("yellow"), at(0)).await.unwrap().run().clone();
    let other = test.ledger.record(&held("green"), at(0)).await.unwrap().run().clone();
    assert_eq!(run.status, RunStatus::Held);
    assert_eq!(run.failure.as_ref().unwrap().message, "not registered");
    assert_eq!(test.claim("one", 1).await, None);

    assert_eq!(test.ledger.release_held(&dataset("yellow"), at(2)).await.unwrap(), 1);
    assert_eq!(test.ledger.release_held(&dataset("yellow"), at(2)).await.unwrap(), 0);
    let claim = test.claim("one", 2).await.unwrap();
    assert_eq!((claim.run.id, claim.run.failure), (run.id, None));
    assert_eq!(test.status(&other).await, RunStatus::Held);
}
