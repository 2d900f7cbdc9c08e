//! Files that come again, together, late, or in the wrong order.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;

use domain::arrival::Sequencer;
use domain::run::RunStatus;
use domain::zone::Hop;

use crate::support::lake::{
    ORDERS, ORDERS_SQL, TestLake, file, files_below, orders, orders_by_date,
};

const COUNT: &str = "SELECT count(*), sum(id) FROM shop.orders";
const BUILT: &str = "SELECT sum(orders), sum(ids) FROM shop_purpose_built.orders";

async fn both(lake: &TestLake) -> Vec<String> {
    let conformed = lake.query(COUNT).await.remove(0);
    assert_eq!(conformed, lake.query(BUILT).await.remove(0), "both tables hold the same rows");
    conformed
}

#[tokio::test(flavor = "multi_thread")]
async fn a7_b1_a_second_file_adds_and_a_file_sent_again_replaces_only_itself() {
    let lake = TestLake::with_orders().await;
    lake.ingest("shop/orders/a.csv", file([(1, 1), (2, 1)])).await;
    lake.ingest("shop/orders/b.csv", file([(10, 1), (20, 1), (30, 1)])).await;
    assert_eq!(both(&lake).await, ["5", "63"]);
    let again = lake.ingest("shop/orders/a.csv", file([(3, 1)])).await;
    assert_eq!(again.status, RunStatus::Succeeded);
    assert_eq!(both(&lake).await, ["4", "63"]);
    // The same base name in another folder is another object.
    lake.ingest("shop/orders/late/a.csv", file([(100, 1)])).await;
    assert_eq!(both(&lake).await, ["5", "163"]);
    lake.check_catalog().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a8_b1_a_file_sent_again_after_midnight_stays_on_its_day() {
    let lake = TestLake::new().await;
    let mut source = orders();
    source.partition =
        domain::source::PartitionRule::IngestDate { time_zone: "America/New_York".into() };
    lake.register(&source).await;
    lake.transform(ORDERS, ORDERS_SQL).await;
    // Five minutes before midnight in New York, and then during the hour that comes twice.
    let mut days = Vec::new();
    for landed_at in ["2020-11-01T03:55:00Z", "2020-11-01T05:30:00Z", "2020-11-02T06:30:00Z"] {
        let mut arrival = lake.land("shop/orders/a.csv", file([(1, 1), (2, 1)])).await;
        arrival.landed_at = landed_at.parse().unwrap();
        assert_eq!(lake.ingest_arrival(&arrival).await.status, RunStatus::Succeeded);
        assert_eq!(both(&lake).await, ["2", "3"]);
        days.push(lake.query("SELECT DISTINCT year, month, day FROM shop.orders").await);
    }
    assert!(days.iter().all(|day| *day == [["2020", "10", "31"]]), "{days:?}");
    lake.check_catalog().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a8_a_file_sent_again_moves_its_rows_by_their_date() {
    let lake = TestLake::new().await;
    lake.register(&orders_by_date()).await;
    lake.transform(ORDERS, ORDERS_SQL).await;
    lake.ingest("shop/orders/a.csv", file([(1, 1), (2, 2)])).await;
    lake.ingest("shop/orders/b.csv", file([(10, 2), (20, 3)])).await;
    lake.ingest("shop/orders/a.csv", file([(1, 3), (2, 4)])).await;
    assert_eq!(both(&lake).await, ["4", "33"]);
    let days = "SELECT day, ids FROM shop_purpose_built.orders ORDER BY day";
    assert_eq!(lake.query(days).await, [["02", "10"], ["03", "21"], ["04", "2"]]);
    lake.check_catalog().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a6_c4_one_event_told_many_times_is_one_run() {
    let lake = TestLake::with_orders().await;
    let a = lake.land("shop/orders/a.csv", file([(1, 1)])).await;
    let b = lake.land("shop/orders/b.csv", file([(2, 1)])).await;
    let mut statuses = BTreeMap::new();
    for arrival in [&b, &a, &a, &b, &a] {
        let run = lake.record(arrival).await;
        *statuses.entry(run.status.as_str()).or_insert(0) += 1;
    }
    assert_eq!(statuses, BTreeMap::from([("QUEUED", 2), ("DUPLICATE", 3)]));
    lake.carry_out_all().await;
    let files = lake.table_files();
    let runs = lake.runs().await;
    for arrival in [&a, &b] {
        let run = lake.ingest_arrival(arrival).await;
        assert_eq!(run.status, RunStatus::Duplicate);
        let original = runs.iter().find(|run| Some(run.id) == run.original.or(Some(run.id)));
        assert!(original.is_some() && run.original.is_some());
    }
    assert!(lake.table_files() == files, "a duplicate changed a file");
    assert_eq!(lake.notifications().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a6_the_same_bytes_give_the_same_files_whatever_the_order() {
    let mut lakes = Vec::new();
    for order in [["a", "b", "c"], ["c", "a", "b"]] {
        let lake = TestLake::new().await;
        lake.register(&orders_by_date()).await;
        lake.transform(ORDERS, ORDERS_SQL).await;
        for name in order {
            let first = u64::from(name.as_bytes()[0]);
            let rows = (0..40).map(|n| (first * 100 + n, u8::try_from(n % 5 + 1).unwrap()));
            lake.ingest(&format!("shop/orders/{name}.csv"), file(rows)).await;
        }
        lakes.push(lake);
    }
    assert_eq!(lakes[0].table_files().len(), 20);
    assert!(lakes[0].table_files() == lakes[1].table_files());
}

#[tokio::test(flavor = "multi_thread")]
async fn a9_an_older_version_never_replaces_a_newer_one() {
    let lake = TestLake::with_orders().await;
    let mut newer = lake.land("shop/orders/a.csv", file([(2, 1)])).await;
    newer.sequencer = Sequencer("0055AED6DCD90281E6".into());
    assert_eq!(lake.ingest_arrival(&newer).await.status, RunStatus::Succeeded);
    let mut older = lake.land("shop/orders/a.csv", file([(1, 1)])).await;
    older.sequencer = Sequencer("0055AED6DCD90281".into());
    let run = lake.ingest_arrival(&older).await;
    assert_eq!(run.status, RunStatus::Superseded);
    assert!(run.failure.unwrap().message.contains("newer version"));
    assert_eq!(both(&lake).await, ["1", "2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_a_run_never_reads_other_bytes_than_those_of_its_event() {
    let lake = TestLake::with_orders().await;
    let first = lake.land("shop/orders/a.csv", file([(1, 1)])).await;
    let second = lake.land("shop/orders/a.csv", file([(2, 1)])).await;
    let run = lake.ingest_arrival(&first).await;
    assert_eq!(run.status, RunStatus::Superseded);
    assert!(lake.table_files().is_empty() && lake.catalog().await.is_empty());
    assert_eq!(lake.ingest_arrival(&second).await.status, RunStatus::Succeeded);
    assert_eq!(both(&lake).await, ["1", "2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn b8_the_second_hop_leaves_other_partitions_alone() {
    let lake = TestLake::new().await;
    lake.register(&orders_by_date()).await;
    lake.transform(ORDERS, ORDERS_SQL).await;
    lake.ingest("shop/orders/a.csv", file((1..=9).map(|day| (u64::from(day), day)))).await;
    let seen = |lake: &TestLake| -> BTreeMap<_, _> {
        let files = files_below(&lake.zone("purpose-built").join(ORDERS));
        let identity = |path: &std::path::PathBuf| {
            let metadata = std::fs::metadata(path).unwrap();
            (metadata.ino(), metadata.mtime_nsec(), metadata.mtime())
        };
        files.iter().map(|path| (path.clone(), identity(path))).collect()
    };
    let before = seen(&lake);
    let run = lake.ingest("shop/orders/b.csv", file([(40, 4), (50, 5)])).await;
    let step = run.step(Hop::ConformedToPurposeBuilt).unwrap();
    assert_eq!(step.partitions.len(), 2);
    assert_eq!(step.counts.rows_read, 4, "only the touched partitions are read");
    let after = seen(&lake);
    let changed: Vec<_> = after.keys().filter(|path| before[*path] != after[*path]).collect();
    let expected = ["day=04/part-0.parquet", "day=05/part-0.parquet"];
    assert!(changed.iter().zip(expected).all(|(path, end)| path.ends_with(end)), "{changed:?}");
    assert_eq!((before.len(), changed.len()), (9, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transformation_that_is_set_late_builds_the_whole_table() {
    let lake = TestLake::new().await;
    lake.register(&orders_by_date()).await;
    let run = lake.ingest("shop/orders/a.csv", file([(1, 1), (2, 2)])).await;
    assert_eq!(run.status, RunStatus::Succeeded);
    lake.transform(ORDERS, ORDERS_SQL).await;
    lake.ingest("shop/orders/b.csv", file([(3, 3)])).await;
    assert_eq!(both(&lake).await, ["3", "6"]);
}
