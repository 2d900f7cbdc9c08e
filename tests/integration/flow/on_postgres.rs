//! The same flow with its state in PostgreSQL.

use std::time::{Duration, Instant};

use domain::run::RunStatus;
use etl_engine::run::RunFilter;

use super::leases::until;
use crate::support::lake::{ORDERS, ORDERS_SQL, TestLake, file, orders_by_date, source};
use crate::support::postgres::Postgres;
use crate::support::sluice::{PATIENCE, WorkerProcess};

const PLACES: [&str; 5] = [
    "raw_to_conformed.committing",
    "commit.after_move",
    "raw_to_conformed.data_in_place",
    "conformed_to_purpose_built.data_in_place",
    "run.before_end",
];

#[tokio::test(flavor = "multi_thread")]
async fn a1_b13_kill_and_two_workers_on_postgres() {
    let Some(postgres) = Postgres::start("the data flow on PostgreSQL") else { return };
    let url = postgres.create_database("flow");
    let lake = TestLake::on(&url).await;
    lake.register(&orders_by_date()).await;
    lake.transform(ORDERS, ORDERS_SQL).await;
    for (number, place) in (1..).zip(PLACES) {
        // Every version moves the rows of the one before to another day.
        let day = u8::try_from(number).unwrap();
        let arrival = lake.land("shop/orders/a.csv", file([(number, day), (100, 9)])).await;
        let run = lake.record(&arrival).await.id;
        let failpoint = format!("{place}:kill");
        let arguments = ["--database-url", &url];
        let mut worker = WorkerProcess::start_with(lake.path(), Some(&failpoint), &arguments);
        worker.wait_killed(place);
        lake.carry_out_all().await;
        assert_eq!(lake.run(run).await.status, RunStatus::Succeeded, "{place}");
        let ids = (number + 100).to_string();
        assert_eq!(lake.query("SELECT sum(id) FROM shop.orders").await, [[ids.as_str()]]);
        let built = "SELECT sum(ids) FROM shop_purpose_built.orders";
        assert_eq!(lake.query(built).await, [[ids.as_str()]], "{place}");
        lake.check_catalog().await;
        assert_eq!(lake.notifications().await.len(), 1, "{place}");
    }
    share_a_burst(&lake, &url).await;
}

async fn share_a_burst(lake: &TestLake, url: &str) {
    let mut runs = Vec::new();
    for number in 0..10 {
        let dataset = format!("shop/table_{number}");
        lake.register(&source(&dataset)).await;
        let arrival = lake.land(&format!("{dataset}/a.csv"), file([(number, 1)])).await;
        runs.push(lake.record(&arrival).await.id);
    }
    let arguments = ["--database-url", url];
    let _workers = [(); 2].map(|()| WorkerProcess::start_with(lake.path(), None, &arguments));
    for run in runs {
        let ended = until(lake, run, |run| run.status.is_terminal()).await;
        assert_eq!((ended.status, ended.attempt), (RunStatus::Succeeded, 1));
    }
    lake.check_catalog().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b15_the_flow_goes_on_when_the_database_comes_back() {
    let Some(mut postgres) = Postgres::start("a database that goes away") else { return };
    let url = postgres.create_database("flow");
    let lake = TestLake::on(&url).await;
    lake.register(&orders_by_date()).await;
    lake.transform(ORDERS, ORDERS_SQL).await;
    lake.ingest("shop/orders/a.csv", file([(1, 1)])).await;
    let tables = lake.table_files();
    let mut worker = WorkerProcess::start_with(lake.path(), None, &["--database-url", &url]);
    let arrival = lake.land("shop/orders/b.csv", file([(2, 2)])).await;
    let seen = lake.record(&arrival).await.id;
    until(&lake, seen, |run| run.status == RunStatus::Succeeded).await;

    postgres.stop();
    let with_second = lake.table_files();
    assert!(with_second.len() > tables.len());
    std::fs::write(lake.zone("raw").join("shop/orders/c.csv"), file([(4, 3)])).unwrap();
    // Longer than the watch takes to see the file and to ask the ledger about it.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(worker.is_running());
    assert!(lake.table_files() == with_second, "work was done that nobody recorded");
    postgres.resume();

    let begin = Instant::now();
    let filter = RunFilter { limit: 10, ..RunFilter::default() };
    loop {
        // Connections of this process may be dead as well.
        let runs = lake.embedded.lake.ledger.list(&filter).await.unwrap_or_default();
        if runs.len() == 3 && runs.iter().all(|run| run.status == RunStatus::Succeeded) {
            break;
        }
        assert!(begin.elapsed() < PATIENCE, "{runs:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(lake.query("SELECT sum(id) FROM shop.orders").await, [["7"]]);
    lake.check_catalog().await;
}
