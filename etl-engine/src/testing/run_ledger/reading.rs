//! Lists.

use domain::run::{Counts, Run, RunId, RunStatus, StepStatus, Trigger};
use domain::zone::Hop;

use super::LedgerUnderTest;
use super::claims::end;
use crate::run::{NewRun, RunFilter, SoFar};
use crate::testing::sample::{at, dataset, new_run, step};

pub(super) async fn runs_are_listed_newest_first_and_paged(test: LedgerUnderTest) {
    let mut all = Vec::new();
    for number in 0..5 {
        all.push(test.record("yellow", &format!("{number}.csv")).await.id);
    }
    all.reverse();
    let page = async |before: Option<RunId>, limit| {
        let filter = RunFilter { before, limit, ..RunFilter::default() };
        ids(&test.ledger.list(&filter).await.unwrap())
    };
    assert_eq!(page(None, 100).await, all);
    assert_eq!(page(None, 2).await, all[..2]);
    assert_eq!(page(Some(all[1]), 2).await, all[2..4]);
    assert_eq!(page(Some(all[4]), 2).await, []);
}

pub(super) async fn runs_are_listed_by_dataset_status_and_key(test: LedgerUnderTest) {
    let done = test.record("yellow", "a.csv").await;
    let claim = test.claim("one", 0).await.unwrap();
    end(&test, &claim, RunStatus::Succeeded).await;
    let duplicate = test.record("yellow", "a.csv").await;
    let queued = test.record("yellow", "b.csv").await;
    let green = test.record("green", "a.csv").await;
    let list = async |filter: RunFilter| {
        ids(&test.ledger.list(&RunFilter { limit: 100, ..filter }).await.unwrap())
    };
    let only = RunFilter { dataset: Some(dataset("yellow")), ..RunFilter::default() };
    assert_eq!(list(only.clone()).await, [queued.id, duplicate.id, done.id]);
    let statuses = vec![RunStatus::Queued, RunStatus::Duplicate];
    let filter = RunFilter { statuses: statuses.clone(), ..RunFilter::default() };
    assert_eq!(list(filter).await, [green.id, queued.id, duplicate.id]);
    let key = Some("tlc/yellow/a.csv".to_owned());
    assert_eq!(
        list(RunFilter { key: key.clone(), ..RunFilter::default() }).await,
        [duplicate.id, done.id]
    );
    assert_eq!(list(RunFilter { key, statuses, ..only }).await, [duplicate.id]);
}

pub(super) async fn f3_pages_go_back_as_they_went_forth(test: LedgerUnderTest) {
    let mut all = Vec::new();
    for number in 0..5 {
        all.push(test.record("yellow", &format!("{number}.csv")).await.id);
    }
    all.reverse();
    let page = async |after: RunId| {
        let statuses = vec![RunStatus::Queued, RunStatus::Running];
        let filter = RunFilter { after: Some(after), limit: 2, statuses, ..RunFilter::default() };
        ids(&test.ledger.list(&filter).await.unwrap())
    };
    assert_eq!(page(all[4]).await, all[2..4], "the nearest ones, newest first");
    assert_eq!(page(all[2]).await, all[..2]);
    assert_eq!(page(all[1]).await, all[..1]);
    assert_eq!(page(all[0]).await, []);
}

pub(super) async fn runs_are_listed_by_trigger_actor_and_time(test: LedgerUnderTest) {
    let mut recorded = Vec::new();
    for (file, trigger, actor) in [
        ("a.csv", Trigger::Event, "sluice"),
        ("b.csv", Trigger::Landing, "ada"),
        ("c.csv", Trigger::Replay, "ada"),
    ] {
        // Ids are as exact as a millisecond.
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
        let new = NewRun { trigger, actor: actor.into(), ..new_run("yellow", file) };
        recorded.push(test.ledger.record(&new, at(0)).await.unwrap().run().id);
    }
    let list = async |filter: RunFilter| {
        ids(&test.ledger.list(&RunFilter { limit: 100, ..filter }).await.unwrap())
    };
    let ada = RunFilter { actor: Some("ada".into()), ..RunFilter::default() };
    assert_eq!(list(ada.clone()).await, [recorded[2], recorded[1]]);
    let replays = RunFilter { trigger: Some(Trigger::Replay), ..ada };
    assert_eq!(list(replays).await, [recorded[2]]);
    let second = recorded[1].made_at();
    let from = RunFilter { from: second, ..RunFilter::default() };
    assert_eq!(list(from).await, [recorded[2], recorded[1]]);
    let to = RunFilter { to: second, ..RunFilter::default() };
    assert_eq!(list(to).await, [recorded[0]]);
}

pub(super) async fn a_heartbeat_tells_how_far_a_running_step_is(test: LedgerUnderTest) {
    test.record("yellow", "a.csv").await;
    let claim = test.claim("one", 0).await.unwrap();
    let mut run = claim.run.clone();
    run.steps = vec![
        step(Hop::RawToConformed, StepStatus::Succeeded),
        step(Hop::ConformedToPurposeBuilt, StepStatus::Running),
    ];
    test.ledger.checkpoint(&claim, &run, None).await.unwrap();
    let counts = Counts { rows_read: 7, bytes_read: 70, ..Counts::default() };
    for hop in Hop::ALL {
        let so_far = Some(SoFar { hop, counts });
        test.ledger.heartbeat(&claim, at(9), so_far).await.unwrap();
    }
    let stored = test.run(&run).await;
    assert_eq!(stored.steps[0].counts, Counts::default(), "what ended is exact and stays");
    assert_eq!(stored.steps[1].counts, counts);
}

fn ids(runs: &[Run]) -> Vec<RunId> {
    runs.iter().map(|run| run.id).collect()
}
