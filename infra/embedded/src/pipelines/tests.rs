//! The pipelines on SQLite: the suite, and transactions of which a part fails.

use std::sync::atomic::{AtomicUsize, Ordering};

use database::{Database, sqlite_url};
use domain::pipeline::ExecutionStatus;
use infra::plan::sample::at;

use crate::SqlPipelines;
use crate::testing::{Shared, pipelines, walk};

async fn open(folder: &tempfile::TempDir, name: &str) -> Database {
    let url = sqlite_url(&folder.path().join(name)).unwrap();
    Database::open(&url).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pipelines_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let count = AtomicUsize::new(0);
    pipelines(async || {
        let name = format!("{}.db", count.fetch_add(1, Ordering::Relaxed));
        Shared {
            one: SqlPipelines::new(open(&folder, &name).await),
            two: SqlPipelines::new(open(&folder, &name).await),
        }
    })
    .await;
}

#[tokio::test]
async fn b1_no_state_change_without_what_follows_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder, "sluice.db").await;
    let store = SqlPipelines::new(database.clone());
    let first = walk::start(&store, &walk::push("dev", 'a'), 0).await;
    let script = |script| {
        let database = database.clone();
        async move {
            let mut transaction = database.begin().await.unwrap();
            sqlx::raw_sql(script).execute(&mut *transaction).await.unwrap();
            transaction.commit().await.unwrap();
        }
    };
    script("ALTER TABLE processed_pushes RENAME TO away").await;
    let key = walk::key('b');
    store.enqueue(&walk::push("dev", 'b'), Some(&key), at(1)).await.unwrap_err();
    let first = store.execution(first.id).await.unwrap().unwrap();
    assert_eq!(first.status, ExecutionStatus::Queued, "superseded by one that is not there");
    assert_eq!(
        store.list(&crate::ExecutionFilter { limit: 9, ..Default::default() }).await.unwrap().len(),
        1
    );
    script("ALTER TABLE away RENAME TO processed_pushes").await;

    let rule = walk::rule(1);
    let (id, digest) = walk::asked(&store, &walk::push("dev", 'b'), &rule, 2).await;
    script("ALTER TABLE deployments RENAME TO away").await;
    let yes = walk::decision("cleo", &digest, domain::approval::Verdict::Approve);
    walk::decide(&store, id, &yes, &rule, 3).await.unwrap();
    let claim = walk::claim(&store, 4).await.unwrap();
    let begin = |job: &mut infra::pipeline::Job| job.begin(domain::pipeline::Stage::Deploy, at(4));
    store.write(&claim, at(4), begin).await.unwrap();
    store.deployed(&claim, &[], None, "deployed", at(5)).await.unwrap_err();
    let state = store.environment(&"dev".parse().unwrap()).await.unwrap();
    assert_eq!(state.running, None, "it says that something runs and not how it came there");
    let execution = store.execution(id).await.unwrap().unwrap();
    let stage = execution.stage(domain::pipeline::Stage::Deploy).unwrap();
    assert_eq!(stage.status, domain::pipeline::StageStatus::Running);
}

#[tokio::test]
async fn b10_each_outcome_is_told_once_and_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder, "sluice.db").await;
    let store = SqlPipelines::new(database.clone());
    let rule = walk::rule(1);
    let (id, digest) = walk::asked(&store, &walk::push("prod", 'a'), &rule, 0).await;
    assert_eq!(store.remind_due(at(5 * 3600)).await.unwrap().len(), 1, "it is written once more");
    let no = walk::decision("cleo", &digest, domain::approval::Verdict::Reject);
    walk::decide(&store, id, &no, &rule, 1).await.unwrap();
    walk::start(&store, &walk::push("prod", 'b'), 2).await;
    walk::deliver(&store, &walk::push("prod", 'c'), 3).await;
    let rows = sqlx::query("SELECT subject FROM outbox ORDER BY created_at")
        .fetch_all(database.reader().unwrap())
        .await
        .unwrap();
    let subjects: Vec<_> =
        rows.iter().map(|row| database::columns::text(row, "subject").unwrap()).collect();
    let expected = [
        "[prod] pipeline of main waits for approval: aaaaaaaa",
        "[prod] pipeline of main was rejected: aaaaaaaa",
        "[prod] pipeline of main succeeded: cccccccc",
        "[prod] pipeline of main still waits for approval: aaaaaaaa",
    ];
    assert_eq!(subjects, expected);

    let waiting = walk::start(&store, &walk::push("prod", 'd'), 4).await;
    let mut transaction = database.begin().await.unwrap();
    sqlx::raw_sql("DROP TABLE outbox").execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
    store.cancel(waiting.id, at(5)).await.unwrap_err();
    let waiting = store.execution(waiting.id).await.unwrap().unwrap();
    assert_eq!(waiting.status, ExecutionStatus::Queued, "it ended without telling anybody");
}
