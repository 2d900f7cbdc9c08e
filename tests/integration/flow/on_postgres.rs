//! The same flow with its state in PostgreSQL.

use domain::run::RunStatus;

use super::leases::until;
use crate::support::lake::{ORDERS, ORDERS_SQL, TestLake, file, orders_by_date, source};
use crate::support::postgres::Postgres;
use crate::support::sluice::WorkerProcess;

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
