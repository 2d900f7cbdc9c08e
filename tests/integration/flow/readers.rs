//! Readers that look while files are replaced.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::run::RunStatus;

use crate::support::lake::{ORDERS, TestLake, file, files_below, rows_of};

/// Versions of one file: all ids of a version are its number, so that a mixture shows.
fn version(number: u64) -> String {
    file((0..200 + number).map(|_| (number, 1)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a2_a_reader_sees_only_whole_versions_by_path_and_by_query() {
    let lake = Arc::new(TestLake::with_orders().await);
    lake.ingest("shop/orders/a.csv", version(1)).await;
    let done = Arc::new(AtomicBool::new(false));
    let by_query = tokio::spawn(read_by_query(Arc::clone(&lake), Arc::clone(&done)));
    let by_path = {
        let (lake, done) = (Arc::clone(&lake), Arc::clone(&done));
        tokio::task::spawn_blocking(move || read_by_path(&lake, &done))
    };
    for number in 2..=12 {
        let run = lake.ingest("shop/orders/a.csv", version(number)).await;
        assert_eq!(run.status, RunStatus::Succeeded, "{:?}", run.failure);
    }
    done.store(true, Ordering::SeqCst);
    let (queried, read) = (by_query.await.unwrap(), by_path.await.unwrap());
    assert!(queried.len() >= 2 && read.len() >= 2, "the readers saw {queried:?} and {read:?}");
    // A new commit is visible to the next query.
    let count = lake.query("SELECT count(*) FROM shop.orders").await;
    assert_eq!(count, [["212"]]);
}

/// The versions that queries saw, each of them whole.
async fn read_by_query(lake: Arc<TestLake>, done: Arc<AtomicBool>) -> BTreeSet<u64> {
    let mut seen = BTreeSet::new();
    while !done.load(Ordering::SeqCst) {
        let sql = "SELECT min(id), max(id), count(*) FROM shop.orders";
        let row = lake.query(sql).await.remove(0);
        let version: u64 = row[0].parse().unwrap();
        assert_eq!(row, [version.to_string(), version.to_string(), (200 + version).to_string()]);
        let sql = "SELECT orders, ids FROM shop_purpose_built.orders";
        let row = lake.query(sql).await.remove(0);
        let version = row[0].parse::<u64>().unwrap() - 200;
        assert_eq!(row[1], (version * (200 + version)).to_string());
        seen.insert(version);
    }
    seen
}

/// The versions that listing and reading the folders saw, each of them whole.
fn read_by_path(lake: &TestLake, done: &AtomicBool) -> BTreeSet<u64> {
    let mut seen = BTreeSet::new();
    while !done.load(Ordering::SeqCst) {
        for zone in ["conformed", "purpose-built"] {
            let files = files_below(&lake.zone(zone).join(ORDERS));
            assert_eq!(files.len(), 1, "{files:?}");
            let rows = rows_of(&files[0]);
            if zone == "conformed" {
                seen.insert(rows.checked_sub(200).unwrap());
            } else {
                assert_eq!(rows, 1);
            }
        }
    }
    seen
}
