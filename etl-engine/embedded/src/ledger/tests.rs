//! Transactions of the SQL adapters when a part of them fails, and their speed when much is stored.

use std::time::{Duration, Instant};

use domain::ErrorKind;
use domain::notification::Notification;
use domain::run::{CommittedObject, RunStatus, StepStatus};
use domain::zone::Hop;
use etl_engine::run::{RunCommand, RunFilter, RunLedger};
use etl_engine::testing::sample::{at, dataset, new_run, request, step};

use database::{Database, sqlite_url};

use super::SqlRunLedger;

struct Fixture {
    _folder: tempfile::TempDir,
    database: Database,
    ledger: SqlRunLedger,
}

impl Fixture {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = sqlite_url(&folder.path().join("sluice.db")).unwrap();
        let database = Database::open(&url).await.unwrap();
        let ledger = SqlRunLedger::new(database.clone(), "dev".parse().unwrap());
        Self { _folder: folder, database, ledger }
    }

    /// Carries out statements on the one connection that writes.
    async fn write(&self, script: &'static str) {
        let mut transaction = self.database.begin().await.unwrap();
        sqlx::raw_sql(script).execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
    }
}

#[tokio::test]
async fn b1_no_state_change_without_what_follows_from_it() {
    let test = Fixture::new().await;
    test.ledger.record(&new_run("yellow", "a.csv"), at(0)).await.unwrap();
    let waiting = test.ledger.record(&new_run("green", "a.csv"), at(0)).await.unwrap().run().id;
    let claim = test.ledger.claim(&request("one"), at(0)).await.unwrap().unwrap();
    test.write("DROP TABLE outbox; DROP TABLE committed_objects;").await;

    let mut run = claim.run.clone();
    run.steps = vec![step(Hop::RawToConformed, StepStatus::Succeeded)];
    let committed = CommittedObject {
        key: run.arrival.key.clone(),
        version: run.arrival.version.clone(),
        sequencer: run.arrival.sequencer.clone(),
        ingest_date: None,
        files: Vec::new(),
        run: run.id,
    };
    test.ledger.checkpoint(&claim, &run, Some(&committed)).await.unwrap_err();
    run.status = RunStatus::Succeeded;
    let notification = Notification::of_run(&run, at(1));
    test.ledger.finish(&claim, &run, &notification).await.unwrap_err();
    assert_eq!(test.ledger.run(run.id).await.unwrap().unwrap(), claim.run);
    test.ledger.command(waiting, RunCommand::Cancel, at(1)).await.unwrap_err();
    let status = test.ledger.run(waiting).await.unwrap().unwrap().status;
    assert_eq!(status, RunStatus::Queued);
    for attempt in 1..3 {
        test.ledger.claim(&request("one"), at(attempt * 60)).await.unwrap().unwrap();
    }
    test.ledger.claim(&request("one"), at(180)).await.unwrap_err();
    let status = test.ledger.run(run.id).await.unwrap().unwrap().status;
    assert_eq!(status, RunStatus::Running, "it failed without telling anybody");
}

#[tokio::test]
async fn b15_a_full_disk_fails_closed_and_recovers_unaided() {
    let test = Fixture::new().await;
    test.write("PRAGMA max_page_count = 1;").await;
    let mut recorded = 0;
    let error = loop {
        let new = new_run("yellow", &format!("{recorded}.csv"));
        match test.ledger.record(&new, at(0)).await {
            Ok(_) => recorded += 1,
            Err(error) => break error,
        }
        assert!(recorded < 1_000, "the limit of pages is not kept");
    };
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains("make room"), "{error}");
    let all = RunFilter { limit: 2_000, ..RunFilter::default() };
    assert_eq!(test.ledger.list(&all).await.unwrap().len(), recorded);
    test.write("PRAGMA max_page_count = 4294967294;").await;
    test.ledger.record(&new_run("yellow", "after.csv"), at(0)).await.unwrap();
}

#[tokio::test]
async fn environments_do_not_see_each_other() {
    let test = Fixture::new().await;
    let prod = SqlRunLedger::new(test.database.clone(), "prod".parse().unwrap());
    let new = new_run("yellow", "a.csv");
    let run = test.ledger.record(&new, at(0)).await.unwrap().run().id;
    assert_eq!(prod.run(run).await.unwrap(), None);
    assert_eq!(prod.claim(&request("one"), at(0)).await.unwrap(), None);
    assert_eq!(prod.unknown(vec![new.arrival.clone()]).await.unwrap().len(), 1);
    let error = prod.command(run, RunCommand::Cancel, at(0)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let twin = prod.record(&new, at(0)).await.unwrap();
    assert_eq!(twin.run().status, RunStatus::Queued);
}

/// 10,000 runs of 1,000 datasets, half of them waiting, and one dataset with 2,000 waiting behind a
/// running one, which is the worst case for a claim.
#[tokio::test]
async fn f3_claims_and_lists_stay_fast_with_ten_thousand_runs() {
    let test = Fixture::new().await;
    test.ledger.record(&new_run("yellow", "first.csv"), at(0)).await.unwrap();
    test.ledger.claim(&request("one"), at(0)).await.unwrap().unwrap();
    test.write(MANY_RUNS).await;
    let filter = RunFilter { limit: 100, ..RunFilter::default() };
    let by_dataset = RunFilter { dataset: Some(dataset("t500")), ..filter.clone() };
    let failed = RunFilter { statuses: vec![RunStatus::Failed], ..filter.clone() };
    for filter in [filter, by_dataset, failed] {
        let begin = Instant::now();
        assert!(
            !test.ledger.list(&filter).await.unwrap().is_empty() || !filter.statuses.is_empty()
        );
        assert!(begin.elapsed() < Duration::from_millis(300), "list took {:?}", begin.elapsed());
    }
    for _ in 0..20 {
        let begin = Instant::now();
        test.ledger.claim(&request("one"), at(1)).await.unwrap().unwrap();
        assert!(begin.elapsed() < Duration::from_millis(300), "claim took {:?}", begin.elapsed());
    }
}

const MANY_RUNS: &str = "
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10000)
INSERT INTO runs (id, environment, dataset, bucket, object_key, object_version, sequencer,
    object_size, landed_at, is_first_record, started_by, actor, status, attempt, steps, engine,
    rows_read, rows_written, rows_rejected, created_at, due_at, fence, cancel_requested)
SELECT printf('ffffffff-0000-7000-8000-%012d', n), 'dev',
    CASE WHEN n <= 2000 THEN 'tlc/yellow' ELSE 'tlc/t' || (n % 1000) END,
    'raw', n || '.csv', 'etag:' || n, '0', 1, 0, 1, 'event', 'sluice',
    CASE WHEN n <= 2000 OR n % 2 = 0 THEN 'QUEUED' ELSE 'SUCCEEDED' END, 0, '[]', '',
    0, 0, 0, 0, 0, 0, 0 FROM numbers;";
