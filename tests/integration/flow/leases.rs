//! Workers that die, hang, stop, or meet each other.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use domain::run::{RunId, RunStatus, StepStatus};
use domain::zone::Hop;
use etl_engine::run::RunCommand;
use jiff::Timestamp;

use crate::support::lake::{
    ORDERS, ORDERS_SQL, TestLake, file, files_below, orders_by_date, source,
};
use crate::support::sluice::{PATIENCE, WorkerProcess};

/// Waits until a run is as it should be.
pub(super) async fn until(
    lake: &TestLake,
    run: RunId,
    what: impl Fn(&domain::run::Run) -> bool,
) -> domain::run::Run {
    let begin = Instant::now();
    loop {
        let found = lake.run(run).await;
        if what(&found) {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "waited too long for {found:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until a run has staged its files: what comes next is the failpoint before its commit.
async fn until_staged(lake: &TestLake) {
    let begin = Instant::now();
    let parquet = |path: &PathBuf| path.extension().is_some_and(|kind| kind == "parquet");
    while !files_below(&lake.zone("conformed").join("_staging")).iter().any(parquet) {
        assert!(begin.elapsed() < PATIENCE, "nothing was staged");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn commits(run: &domain::run::Run, hop: Hop) -> bool {
    run.step(hop).is_some_and(|step| step.status == StepStatus::Committing)
}

/// A worker hangs at `place` in the commit of `hop`; another one takes its run over and then runs a
/// newer file into the same partitions. When the first one goes on, nothing may change.
async fn check_that_a_late_worker_does_no_harm(place: &str, hop: Hop) {
    let lake = TestLake::new().await;
    lake.register(&orders_by_date()).await;
    lake.register(&source("shop/other")).await;
    lake.transform(ORDERS, ORDERS_SQL).await;
    lake.ingest("shop/orders/a.csv", file([(1, 1), (2, 2), (3, 3)])).await;
    // The first and the second of August lose their only file.
    let arrival = lake.land("shop/orders/a.csv", file([(4, 3), (5, 4)])).await;
    let late = lake.record(&arrival).await.id;
    let failpoint = format!("{place}:pause-once");
    let one = ["--concurrency", "1"];
    let mut worker = WorkerProcess::start_with(lake.path(), Some(&failpoint), &one);
    until(&lake, late, |run| commits(run, hop)).await;
    lake.carry_out_all().await;
    assert_eq!(lake.run(late).await.status, RunStatus::Succeeded);
    // The same partitions get rows again, and those that were emptied too.
    let newer = lake.ingest("shop/orders/b.csv", file([(10, 1), (20, 3), (30, 4)])).await;
    assert_eq!(newer.status, RunStatus::Succeeded);
    let (files, catalog) = (lake.table_files(), lake.catalog().await);

    // The worker has one place for a run: it takes this one when it is through with the late one.
    let arrival = lake.land("shop/other/c.csv", file([(7, 1)])).await;
    let other = lake.record(&arrival).await.id;
    until(&lake, other, |run| run.status == RunStatus::Succeeded).await;
    assert!(worker.is_running());
    let mut files_now = lake.table_files();
    files_now.retain(|path, _| !path.contains("shop/other/"));
    assert!(files_now == files, "{place}: the late worker changed a table");
    let mut catalog_now = lake.catalog().await;
    catalog_now.retain(|(table, _), _| table != "shop.other");
    assert_eq!(catalog_now, catalog, "{place}: the late worker changed the catalog");
    lake.check_catalog().await;
    let ids: Vec<_> = lake.notifications().await.into_iter().map(|told| told.id).collect();
    assert!(ids.iter().filter(|id| id.starts_with(&late.to_string())).count() <= 1, "{ids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a15_b4_a_late_worker_cannot_commit_the_first_hop() {
    let hop = Hop::RawToConformed;
    check_that_a_late_worker_does_no_harm("raw_to_conformed.committing", hop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a15_b4_a_late_worker_cannot_go_on_in_the_first_commit() {
    check_that_a_late_worker_does_no_harm("commit.before_move", Hop::RawToConformed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a15_b4_a_late_worker_cannot_commit_the_second_hop() {
    let hop = Hop::ConformedToPurposeBuilt;
    check_that_a_late_worker_does_no_harm("conformed_to_purpose_built.committing", hop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a15_b4_a_late_worker_cannot_write_the_catalog() {
    let hop = Hop::ConformedToPurposeBuilt;
    check_that_a_late_worker_does_no_harm("conformed_to_purpose_built.data_in_place", hop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b3_b5_a_run_that_kills_its_workers_ends_failed_and_others_go_on() {
    let lake = TestLake::with_orders().await;
    lake.register(&source("shop/other")).await;
    let arrival = lake.land("shop/orders/a.csv", file([(1, 1)])).await;
    let deadly = lake.record(&arrival).await.id;
    let place = "conformed_to_purpose_built.after_batch";
    // Each of them takes the run when the lease of the one before has run out.
    let attempts = lake.embedded.settings.max_attempts;
    for attempt in 1..=attempts {
        let mut worker = WorkerProcess::start(lake.path(), Some(&format!("{place}:kill")));
        worker.wait_killed(place);
        assert_eq!(lake.run(deadly).await.attempt, attempt);
    }
    let arrival = lake.land("shop/other/b.csv", file([(1, 1)])).await;
    let other = lake.record(&arrival).await.id;
    let mut worker = WorkerProcess::start(lake.path(), Some(&format!("{place}:kill")));
    let failed = until(&lake, deadly, |run| run.status.is_terminal()).await;
    assert_eq!(failed.status, RunStatus::Failed);
    let failure = failed.failure.unwrap();
    let said = format!("stopped answering in attempt {attempts}");
    assert!(failure.message.contains(&said), "{}", failure.message);
    assert_eq!(failure.hop, Some(Hop::ConformedToPurposeBuilt));
    until(&lake, other, |run| run.status == RunStatus::Succeeded).await;
    assert!(worker.is_running());
    drop(worker);
    let log = std::fs::read_to_string(lake.path().join("notifications-dev.jsonl")).unwrap();
    let outbox: Vec<_> = lake.notifications().await.into_iter().map(|told| told.subject).collect();
    let told = log + &outbox.join("\n");
    assert!(told.contains("[dev] shop/orders FAILED: shop/orders/a.csv"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn b9_a_panic_costs_an_attempt_and_the_pool_survives() {
    let lake = TestLake::with_orders().await;
    lake.register(&source("shop/other")).await;
    let arrival = lake.land("shop/orders/a.csv", file([(1, 1)])).await;
    let bad = lake.record(&arrival).await.id;
    let place = "conformed_to_purpose_built.after_batch";
    let one = ["--concurrency", "1"];
    let failpoint = format!("{place}:panic");
    let mut worker = WorkerProcess::start_with(lake.path(), Some(&failpoint), &one);
    let panicked = until(&lake, bad, |run| run.failure.is_some()).await;
    assert_eq!((panicked.status, panicked.attempt), (RunStatus::Queued, 1));
    let message = panicked.failure.unwrap().message;
    assert!(message.contains("panicked") && message.contains(place), "{message}");
    let arrival = lake.land("shop/other/b.csv", file([(1, 1)])).await;
    let other = lake.record(&arrival).await.id;
    until(&lake, other, |run| run.status == RunStatus::Succeeded).await;
    assert!(worker.is_running());
    drop(worker);
    lake.carry_out_all().await;
    let run = lake.run(bad).await;
    assert_eq!(run.status, RunStatus::Succeeded);
    assert!(run.attempt > 1, "the panic counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn b11_b13_two_workers_share_a_burst_and_run_nothing_twice() {
    let lake = TestLake::new().await;
    let mut runs = Vec::new();
    for number in 0..30 {
        let dataset = format!("shop/table_{number}");
        lake.register(&source(&dataset)).await;
        let key = format!("{dataset}/a.csv");
        let arrival = lake.land(&key, file([(number, 1), (100, 1)])).await;
        runs.push(lake.record(&arrival).await.id);
    }
    // Nobody dies here. A lease of one second runs out when two processes, each of whose commits
    // waits for the disk, share a busy one; then a second attempt is right.
    let arguments = ["--concurrency", "2", "--lease", "30"];
    let _workers = [(); 2].map(|()| WorkerProcess::start_with(lake.path(), None, &arguments));
    for run in runs {
        let ended = until(&lake, run, |run| run.status.is_terminal()).await;
        assert_eq!(ended.status, RunStatus::Succeeded, "{:?}", ended.failure);
        assert_eq!(ended.attempt, 1, "it was claimed once: {ended:?}");
    }
    assert_eq!(lake.runs().await.len(), 30);
    lake.check_catalog().await;
    assert_eq!(lake.catalog().await.len(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn b17_a_worker_that_is_told_to_stop_gives_its_run_back() {
    let lake = TestLake::with_orders().await;
    let arrival = lake.land("shop/orders/a.csv", file([(1, 1)])).await;
    let run = lake.record(&arrival).await.id;
    let failpoint = "raw_to_conformed.prepared:pause-once";
    let mut worker = WorkerProcess::start(lake.path(), Some(failpoint));
    until_staged(&lake).await;
    worker.signal("TERM");
    let begin = Instant::now();
    assert!(worker.wait().success());
    assert!(begin.elapsed() < Duration::from_secs(10));
    let given_back = lake.run(run).await;
    assert_eq!((given_back.status, given_back.attempt), (RunStatus::Queued, 0));
    assert!(lake.table_files().is_empty());
    lake.carry_out_all().await;
    assert_eq!(lake.run(run).await.status, RunStatus::Succeeded);
    lake.check_catalog().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b17_a_worker_that_hangs_is_gone_in_time_and_its_lease_runs_out() {
    let lake = TestLake::with_orders().await;
    let arrival = lake.land("shop/orders/a.csv", file([(1, 1)])).await;
    let run = lake.record(&arrival).await.id;
    let mut worker = WorkerProcess::start(lake.path(), Some("raw_to_conformed.prepared:pause"));
    until_staged(&lake).await;
    worker.signal("TERM");
    let begin = Instant::now();
    worker.wait();
    assert_eq!(lake.run(run).await.status, RunStatus::Running);
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    let _next = WorkerProcess::start(lake.path(), None);
    until(&lake, run, |run| run.status == RunStatus::Succeeded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_stops_before_its_commit_and_can_be_retried() {
    let lake = TestLake::with_orders().await;
    let arrival = lake.land("shop/orders/a.csv", file([(1, 1)])).await;
    let run = lake.record(&arrival).await.id;
    let failpoint = "raw_to_conformed.prepared:pause-once";
    let worker = WorkerProcess::start(lake.path(), Some(failpoint));
    until_staged(&lake).await;
    let ledger = &lake.embedded.lake.ledger;
    ledger.command(run, RunCommand::Cancel, Timestamp::now()).await.unwrap();
    let cancelled = until(&lake, run, |run| run.status.is_terminal()).await;
    assert_eq!(cancelled.status, RunStatus::Cancelled);
    assert_eq!(cancelled.steps[0].status, StepStatus::Failed);
    assert!(lake.table_files().is_empty() && lake.catalog().await.is_empty());
    drop(worker);
    ledger.command(run, RunCommand::Retry, Timestamp::now()).await.unwrap();
    lake.carry_out_all().await;
    assert_eq!(lake.run(run).await.status, RunStatus::Succeeded);
}
