//! Lists.

use domain::run::{Run, RunId, RunStatus};

use super::LedgerUnderTest;
use super::claims::end;
use crate::run::RunFilter;
use crate::testing::sample::dataset;

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

fn ids(runs: &[Run]) -> Vec<RunId> {
    runs.iter().map(|run| run.id).collect()
}
