//! kill -9 at every place of a run: after a restart there is exactly one committed output.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use domain::run::RunStatus;

use crate::support::lake::{ORDERS, ORDERS_SQL, TestLake, file, files_below, orders_by_date};
use crate::support::sluice::WorkerProcess;

const KEY: &str = "shop/orders/a.csv";
const FIRST_HOP: [&str; 9] = [
    "raw_to_conformed.after_block",
    "raw_to_conformed.prepared",
    "raw_to_conformed.judged",
    "raw_to_conformed.committing",
    "commit.before_move",
    "commit.after_move",
    "commit.after_removal",
    "raw_to_conformed.data_in_place",
    "raw_to_conformed.in_catalog",
];
const SECOND_HOP: [&str; 7] = [
    "raw_to_conformed.done",
    "conformed_to_purpose_built.after_batch",
    "conformed_to_purpose_built.prepared",
    "conformed_to_purpose_built.judged",
    "conformed_to_purpose_built.committing",
    "conformed_to_purpose_built.data_in_place",
    "conformed_to_purpose_built.in_catalog",
];

/// Two files of orders by date; the second version of the first one, that [`redeliver`] lands, moves
/// rows from the 1st and 2nd of August to the 3rd and 4th and leaves the 1st without any.
async fn lake() -> TestLake {
    let lake = TestLake::new().await;
    lake.register(&orders_by_date()).await;
    lake.transform(ORDERS, ORDERS_SQL).await;
    let first = file([(1, 1), (2, 1), (3, 2), (4, 3), (5, 3)]);
    assert_eq!(lake.ingest(KEY, first).await.status, RunStatus::Succeeded);
    let other = file([(10, 2), (11, 3), (12, 5)]);
    assert_eq!(lake.ingest("shop/orders/b.csv", other).await.status, RunStatus::Succeeded);
    lake.notifications().await;
    lake
}

async fn redeliver(lake: &TestLake) -> domain::run::RunId {
    let second = file([(1, 3), (2, 4), (3, 2), (4, 3), (6, 4)]);
    let arrival = lake.land(KEY, second).await;
    lake.record(&arrival).await.id
}

/// Kills a worker at each place, lets another one go on, and compares with a lake where nobody was
/// killed.
async fn check(places: &[&str]) {
    let lake = lake().await;
    let undisturbed = lake.twin().await;
    redeliver(&undisturbed).await;
    undisturbed.carry_out_all().await;
    undisturbed.check_catalog().await;
    for place in places {
        let lake = lake.twin().await;
        let run = redeliver(&lake).await;
        WorkerProcess::start(lake.path(), Some(&format!("{place}:kill"))).wait_killed(place);
        assert_same(&undisturbed, &lake, run, place).await;
    }
}

async fn assert_same(
    undisturbed: &TestLake,
    lake: &TestLake,
    run: domain::run::RunId,
    place: &str,
) {
    assert_eq!(lake.run(run).await.status, RunStatus::Running, "{place}");
    lake.carry_out_all().await;
    let ended = lake.run(run).await;
    assert_eq!(ended.status, RunStatus::Succeeded, "{place}: {:?}", ended.failure);
    let counts = ended.steps[0].counts;
    assert_eq!((counts.rows_read, counts.rows_written, counts.rows_rejected), (5, 5, 0));
    assert_eq!(lake.runs().await.len(), 3, "{place}: nothing was recorded twice");
    assert!(lake.table_files() == undisturbed.table_files(), "{place}: other files or bytes");
    assert_eq!(lake.catalog().await, undisturbed.catalog().await, "{place}");
    let notifications = lake.notifications().await;
    assert_eq!(notifications.len(), 1, "{place}: {notifications:?}");
    assert!(notifications[0].subject.contains("succeeded"), "{}", notifications[0].subject);
    assert!(notifications[0].id.starts_with(&run.to_string()));
    for zone in ["conformed", "purpose-built"] {
        let kept = history(lake, zone);
        let all = history(undisturbed, zone).is_subset(&kept);
        assert!(all, "{place}: a replaced file of the {zone} zone cannot be restored");
    }
}

/// Every file that was replaced: its place, which is the folder it is kept in, and its bytes.
fn history(lake: &TestLake, zone: &str) -> BTreeSet<(PathBuf, Vec<u8>)> {
    let root = lake.zone(zone).join("_history");
    let place = |path: &Path| path.parent().unwrap().strip_prefix(&root).unwrap().to_owned();
    files_below(&root).iter().map(|kept| (place(kept), std::fs::read(kept).unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a1_kill_in_the_first_hop() {
    check(&FIRST_HOP).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a1_kill_in_the_second_hop() {
    check(&SECOND_HOP).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a1_kill_at_the_end() {
    check(&["run.before_end"]).await;
}

/// The commit of the second hop, reached by a worker that takes over after the first one.
#[tokio::test(flavor = "multi_thread")]
async fn a1_kill_again_in_the_commit_of_the_second_hop() {
    check_second_commit(&lake().await).await;
}

/// As before, but the SQL has a new version, by which one of the days has no rows any more.
#[tokio::test(flavor = "multi_thread")]
async fn a1_kill_while_a_new_version_of_the_sql_rebuilds_the_table() {
    let lake = lake().await;
    let without_large = ORDERS_SQL.replace("GROUP BY", "WHERE id < 12 GROUP BY");
    lake.transform(ORDERS, &without_large).await;
    check_second_commit(&lake).await;
}

async fn check_second_commit(lake: &TestLake) {
    let undisturbed = lake.twin().await;
    redeliver(&undisturbed).await;
    undisturbed.carry_out_all().await;
    undisturbed.check_catalog().await;
    for place in ["commit.before_move", "commit.after_move", "commit.after_removal"] {
        let lake = lake.twin().await;
        let run = redeliver(&lake).await;
        let first = "raw_to_conformed.done";
        WorkerProcess::start(lake.path(), Some(&format!("{first}:kill"))).wait_killed(first);
        WorkerProcess::start(lake.path(), Some(&format!("{place}:kill"))).wait_killed(place);
        assert_same(&undisturbed, &lake, run, place).await;
    }
}
