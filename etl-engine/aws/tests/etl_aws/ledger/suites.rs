//! The contract suites of the ports.

use aws::testing::Emulator;
use etl_engine::testing;

use super::under_test;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dynamo_db_run_ledger() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    testing::run_ledger(async || under_test(&emulator).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dynamo_db_run_log() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    testing::run_log(async || under_test(&emulator).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dynamo_db_run_reports() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    testing::run_reports(async || under_test(&emulator).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dynamo_db_outbox() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    testing::outbox(async || under_test(&emulator).await).await;
}
