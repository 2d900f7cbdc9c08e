//! Runs that were given up in the middle of a commit, and what comes after them.

use domain::run::{Run, RunId, RunStatus};
use etl_engine::run::{ClaimRequest, RunCommand};
use jiff::{SignedDuration, Timestamp};

use crate::support::lake::{ORDERS, ORDERS_SQL, TestLake, file, orders_by_date};
use crate::support::sluice::WorkerProcess;

const KEY: &str = "shop/orders/a.csv";
const PLACES: [&str; 4] = [
    "raw_to_conformed.committing",
    "commit.after_move",
    "commit.after_removal",
    "raw_to_conformed.data_in_place",
];

/// A lake in which a run that moves rows to other days was given up at `place` in its commit.
async fn given_up(lake: &TestLake, place: &str) -> RunId {
    lake.register(&orders_by_date()).await;
    lake.transform(ORDERS, ORDERS_SQL).await;
    lake.ingest(KEY, file([(1, 1), (2, 2), (3, 3)])).await;
    lake.ingest("shop/orders/b.csv", file([(10, 2), (20, 3)])).await;
    let arrival = lake.land(KEY, file([(4, 3), (5, 4), (6, 5)])).await;
    let run = lake.record(&arrival).await.id;
    WorkerProcess::start(lake.path(), Some(&format!("{place}:kill"))).wait_killed(place);
    let request = ClaimRequest {
        worker: "test".into(),
        lease: SignedDuration::from_secs(1),
        max_attempts: 1,
    };
    let later = Timestamp::now() + SignedDuration::from_mins(10);
    let ledger = &lake.embedded.lake.ledger;
    assert!(ledger.claim(&request, later).await.unwrap().is_none());
    assert_eq!(lake.run(run).await.status, RunStatus::Failed);
    run
}

async fn retry(lake: &TestLake, run: RunId) -> Run {
    let ledger = &lake.embedded.lake.ledger;
    ledger.command(run, RunCommand::Retry, Timestamp::now()).await.unwrap();
    lake.carry_out_all().await;
    lake.run(run).await
}

async fn check(lake: &TestLake, expected: [&str; 2]) {
    let conformed = lake.query("SELECT count(*), sum(id) FROM shop.orders").await;
    assert_eq!(conformed, [expected]);
    let built = lake.query("SELECT sum(orders), sum(ids) FROM shop_purpose_built.orders").await;
    assert_eq!(built, [expected]);
    lake.check_catalog().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b7_a_retry_carries_out_what_was_written_down() {
    for place in PLACES {
        let lake = TestLake::new().await;
        let run = given_up(&lake, place).await;
        // Another file goes into the same days meanwhile.
        let other = lake.ingest("shop/orders/c.csv", file([(100, 3), (200, 4)])).await;
        assert_eq!(other.status, RunStatus::Succeeded, "{place}: {:?}", other.failure);
        let ended = retry(&lake, run).await;
        assert_eq!(ended.status, RunStatus::Succeeded, "{place}: {:?}", ended.failure);
        check(&lake, ["7", "345"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a9_a_newer_version_replaces_all_of_a_half_commit() {
    for place in PLACES {
        let lake = TestLake::new().await;
        let run = given_up(&lake, place).await;
        let newer = lake.ingest(KEY, file([(7, 2), (8, 6)])).await;
        assert_eq!(newer.status, RunStatus::Succeeded, "{place}: {:?}", newer.failure);
        check(&lake, ["4", "45"]).await;
        let (files, catalog) = (lake.table_files(), lake.catalog().await);
        assert_eq!(retry(&lake, run).await.status, RunStatus::Superseded, "{place}");
        assert!((lake.table_files(), lake.catalog().await) == (files, catalog), "{place}");
    }
}
