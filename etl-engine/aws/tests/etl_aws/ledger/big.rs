//! Runs and commits that are far longer than an item.

use aws::testing::Emulator;
use aws_sdk_dynamodb::Client;
use domain::notification::Notification;
use domain::partition::Partition;
use domain::run::{
    Commit, CommittedFile, CommittedObject, Run, RunStatus, StagedFile, Step, StepStatus,
};
use domain::zone::Hop;
use etl_engine::notify::Outbox;
use etl_engine::run::{
    Claim, CommittedObjects, Heartbeat, RunCommand, RunFilter, RunLedger, RunReports,
};
use etl_engine::testing::sample::{at, dataset, new_run, request, step};
use jiff::ToSpan;

use super::{account, ledger, outbox, settings};

/// So many days a file may have rows of.
const DAYS: i32 = 2_500;

fn days(count: i32) -> Vec<Partition> {
    let first = jiff::civil::date(2010, 1, 1);
    (0..count).map(|day| Partition::of(first + day.days()).unwrap()).collect()
}

fn committing(days: &[Partition], run: &Run) -> Step {
    let staged = |day: &Partition| StagedFile {
        staged: format!("_staging/{}/1/raw_to_conformed/{}.parquet", run.id, day.path()),
        target: format!("tlc/yellow/{}/a-0123456789abcdef.parquet", day.path()),
        partition: *day,
        rows: 10,
        bytes: 1_000,
    };
    let commit = Commit { moves: days.iter().map(staged).collect(), removals: Vec::new() };
    Step {
        partitions: days.to_vec(),
        commit: Some(commit),
        ..step(Hop::RawToConformed, StepStatus::Committing)
    }
}

fn committed(days: &[Partition], run: &Run, rows: u64) -> CommittedObject {
    let file = |day: &Partition| CommittedFile {
        path: format!("tlc/yellow/{}/a-0123456789abcdef.parquet", day.path()),
        partition: *day,
        rows,
        bytes: rows * 100,
    };
    CommittedObject {
        key: run.arrival.key.clone(),
        version: run.arrival.version.clone(),
        sequencer: run.arrival.sequencer.clone(),
        ingest_date: None,
        files: days.iter().map(file).collect(),
        run: run.id,
    }
}

/// How many items of the run state begin with a text.
async fn items_with(client: &Client, prefix: &str) -> usize {
    let mut pages = client
        .scan()
        .table_name(settings().state_table)
        .filter_expression("begins_with(pk, :prefix)")
        .expression_attribute_values(
            ":prefix",
            aws_sdk_dynamodb::types::AttributeValue::S(prefix.into()),
        )
        .into_paginator()
        .send();
    let mut count = 0;
    while let Some(page) = pages.next().await {
        count += page.unwrap().items().len();
    }
    count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_run_over_thousands_of_partitions_is_kept_whole() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = account(&emulator).await;
    let (ledger, outbox) = (ledger(&account), outbox(&account));
    let client = Client::new(account.sdk());
    ledger.record(&new_run("yellow", "a.csv"), at(0)).await.unwrap();
    let claim = ledger.claim(&request("one"), at(0)).await.unwrap().unwrap();
    let days = days(DAYS);
    let run = Run { steps: vec![committing(&days, &claim.run)], ..claim.run.clone() };
    ledger.checkpoint(&claim, &run, None).await.unwrap();
    assert_eq!(ledger.run(run.id).await.unwrap().unwrap(), run);
    let parts = items_with(&client, "text#run#").await;
    assert!(parts > 1, "{parts} parts");

    let heartbeat = ledger.heartbeat(&claim, at(60), None).await.unwrap();
    assert_eq!(heartbeat, Heartbeat::Held);
    ledger.command(run.id, RunCommand::Cancel, at(1)).await.unwrap();
    assert_eq!(ledger.run(run.id).await.unwrap().unwrap(), run);
    assert_eq!(items_with(&client, "text#run#").await, parts, "what did not change is kept");
    let listed = ledger.list(&RunFilter { limit: 5, ..RunFilter::default() }).await.unwrap();
    assert_eq!(listed, [run.clone()]);

    let ended = Run { status: RunStatus::Failed, finished_at: Some(at(9)), ..run };
    let told = Notification::of_run(&ended, at(9));
    ledger.finish(&claim, &ended, &told).await.unwrap();
    let taken = outbox.take_due(at(10), at(20), 9).await.unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].notification, told);
    assert_eq!(outbox.recent(9).await.unwrap()[0].id, told.id);

    let retried = ledger.command(ended.id, RunCommand::Retry, at(11)).await.unwrap();
    let short = ledger.claim(&request("one"), at(11)).await.unwrap().unwrap();
    assert_eq!(retried.steps, short.run.steps);
    let short_run = Run { steps: Vec::new(), ..short.run.clone() };
    ledger.checkpoint(&short, &short_run, None).await.unwrap();
    assert_eq!(ledger.run(short_run.id).await.unwrap().unwrap(), short_run);
    assert_eq!(items_with(&client, "text#run#").await, 0, "what was replaced goes away");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_commit_over_thousands_of_partitions_is_in_force_as_a_whole() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = account(&emulator).await;
    let (ledger, client) = (ledger(&account), Client::new(account.sdk()));
    ledger.record(&new_run("yellow", "a.csv"), at(0)).await.unwrap();
    let claim = ledger.claim(&request("one"), at(0)).await.unwrap().unwrap();
    let yellow = dataset("yellow");
    let days = days(DAYS);
    let store = async |claim: &Claim, object: &CommittedObject| {
        ledger.checkpoint(claim, &claim.run, Some(object)).await
    };
    let first = committed(&days, &claim.run, 3);
    store(&claim, &first).await.unwrap();
    assert_eq!(ledger.object(&yellow, &first.key).await.unwrap(), Some(first.clone()));
    let (some, last) = ([days[0], days[2_000], days[2_000]], days[days.len() - 1]);
    let totals = ledger.totals(&yellow, &some).await.unwrap();
    assert_eq!(
        totals.iter().map(|totals| (totals.rows, totals.files)).collect::<Vec<_>>(),
        [(3, 1), (3, 1)]
    );

    let void = Claim { fence: claim.fence + 1, ..claim.clone() };
    store(&void, &committed(&days[..1], &claim.run, 9)).await.unwrap_err();
    assert_eq!(ledger.object(&yellow, &first.key).await.unwrap(), Some(first));
    assert_eq!(ledger.totals(&yellow, &[last]).await.unwrap()[0].rows, 3);

    let second = committed(&days[..10], &claim.run, 5);
    store(&claim, &second).await.unwrap();
    assert_eq!(ledger.object(&yellow, &second.key).await.unwrap(), Some(second));
    assert_eq!(ledger.totals(&yellow, &[last]).await.unwrap(), []);
    assert_eq!(ledger.totals(&yellow, &days[..1]).await.unwrap()[0].rows, 5);
    assert_eq!(items_with(&client, "partition#").await, 10, "what was replaced goes away");
    assert_eq!(items_with(&client, "text#").await, 0);
    assert_eq!(ledger.rejecting_datasets().await.unwrap(), []);
}
