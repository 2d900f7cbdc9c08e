//! Answers that come in pages and batches, names that are odd, items that people read.

use std::collections::BTreeSet;

use aws::testing::Emulator;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ErrorKind;
use domain::arrival::Arrival;
use domain::run::{RunId, RunStatus, Trigger};
use etl_engine::notify::Outbox;
use etl_engine::run::{
    CommittedObjects, NewRun, RejectedRunsFilter, RunCommand, RunFilter, RunLedger, RunLog,
    RunReports,
};
use etl_engine::testing::sample::{arrival, at, dataset, new_run, request};
use futures::{StreamExt, TryStreamExt, stream};

use super::{account, ledger, outbox, settings};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f3_lists_and_batches_go_on_beyond_a_hundred() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = account(&emulator).await;
    let (ledger, outbox) = (ledger(&account), outbox(&account));
    let new = |number: usize| NewRun {
        trigger: if number == 3 { Trigger::Sweep } else { Trigger::Event },
        ..new_run(["yellow", "green"][number % 2], &format!("{number}.csv"))
    };
    let mut ids: Vec<RunId> = stream::iter((0..120).map(|number| {
        let (ledger, new) = (ledger.clone(), new(number));
        async move { ledger.record(&new, at(0)).await.map(|recorded| recorded.run().id) }
    }))
    .buffer_unordered(8)
    .try_collect()
    .await
    .unwrap();
    ids.sort();
    ids.reverse();
    let list = async |filter: RunFilter| {
        let found = ledger.list(&filter).await.unwrap();
        found.into_iter().map(|run| run.id).collect::<Vec<_>>()
    };
    let all = RunFilter { limit: 1_000, ..RunFilter::default() };
    assert_eq!(list(all.clone()).await, ids);
    let statuses = vec![RunStatus::Queued, RunStatus::Queued, RunStatus::Held];
    assert_eq!(list(RunFilter { statuses, ..all.clone() }).await, ids);
    let rare = RunFilter { trigger: Some(Trigger::Sweep), limit: 1, ..all.clone() };
    assert_eq!(list(rare).await.len(), 1);
    let mut paged = Vec::new();
    let mut page = RunFilter { dataset: Some(dataset("green")), limit: 25, ..all.clone() };
    loop {
        let found = list(page.clone()).await;
        let Some(last) = found.last() else { break };
        page.before = Some(*last);
        paged.extend(found);
    }
    assert_eq!(paged.len(), 60);
    let nothing = RunFilter { after: Some(ids[0]), before: Some(ids[9]), ..all.clone() };
    assert_eq!(list(nothing).await, []);
    assert_eq!(list(RunFilter { limit: 0, ..all }).await, []);

    let mut asked: Vec<Arrival> = (0..120).map(|number| new(number).arrival).collect();
    asked.push(asked[0].clone());
    let lost = arrival("tlc/yellow/lost.csv", "lost");
    asked.insert(110, lost.clone());
    assert_eq!(ledger.unknown(asked).await.unwrap(), [lost]);

    for id in &ids[..101] {
        ledger.command(*id, RunCommand::Cancel, at(1)).await.unwrap();
    }
    assert_eq!(outbox.recent(1_000).await.unwrap().len(), 101);
    assert_eq!(outbox.take_due(at(2), at(3), 1_000).await.unwrap().len(), 101);
    let counted = ledger.by_status().await.unwrap();
    assert_eq!(counted, [(RunStatus::Queued, 19), (RunStatus::Cancelled, 101)]);
    let none = RejectedRunsFilter { limit: 10, ..RejectedRunsFilter::default() };
    assert_eq!(ledger.rejected_runs(&none).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_dataset_that_was_spoilt_keeps_no_other_waiting() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = account(&emulator).await;
    let (ledger, client) = (ledger(&account), Client::new(account.sdk()));
    let spoilt = ledger.record(&new_run("yellow", "a.csv"), at(0)).await.unwrap().run().id;
    let other = ledger.record(&new_run("green", "a.csv"), at(0)).await.unwrap().run().id;
    let update = client
        .update_item()
        .table_name(settings().audit_table)
        .key("execution_id", AttributeValue::S(spoilt.to_string()))
        .update_expression("SET document = :nothing")
        .expression_attribute_values(":nothing", AttributeValue::S("{}".into()));
    update.send().await.unwrap();
    let claim = ledger.claim(&request("one"), at(1)).await.unwrap().unwrap();
    assert_eq!(claim.run.id, other);
    let error = ledger.claim(&request("one"), at(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(error.message().contains("document"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_run_that_is_retried_goes_before_later_ones() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let ledger = ledger(&account(&emulator).await);
    let mut ids = Vec::new();
    for file in ["a.csv", "b.csv", "c.csv"] {
        ids.push(ledger.record(&new_run("yellow", file), at(0)).await.unwrap().run().id);
    }
    for id in [ids[0], ids[1]] {
        ledger.command(id, RunCommand::Cancel, at(1)).await.unwrap();
    }
    let third = ledger.claim(&request("one"), at(2)).await.unwrap().unwrap();
    assert_eq!(third.run.id, ids[2]);
    for id in [ids[1], ids[0]] {
        ledger.command(id, RunCommand::Retry, at(3)).await.unwrap();
    }
    assert_eq!(ledger.claim(&request("one"), at(4)).await.unwrap(), None);
    ledger.release(&third, &third.run, at(5), true).await.unwrap();
    let next = ledger.claim(&request("one"), at(5)).await.unwrap().unwrap();
    assert_eq!(next.run.id, ids[0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keys_may_have_anything_in_them() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let ledger = ledger(&account(&emulator).await);
    let long = format!("tlc/yellow/{}", "ü".repeat(506));
    let keys = ["tlc/yellow/a#b", "tlc/yellow/a", "tlc/yellow/ä %2F+\"'\u{1}", long.as_str()];
    let mut ids = BTreeSet::new();
    for key in keys {
        let new = NewRun { arrival: arrival(key, "b#1"), ..new_run("yellow", "x") };
        let run = ledger.record(&new, at(0)).await.unwrap().run().clone();
        assert_eq!(run.status, RunStatus::Queued);
        let filter = RunFilter { key: Some(key.into()), limit: 9, ..RunFilter::default() };
        assert_eq!(ledger.list(&filter).await.unwrap(), [run.clone()]);
        assert_eq!(ledger.object(&dataset("yellow"), key).await.unwrap(), None);
        assert_eq!(ledger.lines(run.id, 0, 10).await.unwrap(), []);
        ids.insert(run.id);
    }
    assert_eq!(ids.len(), keys.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dashboards_over_the_audit_table_find_its_attributes_and_runs_alone() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = account(&emulator).await;
    let (ledger, client) = (ledger(&account), Client::new(account.sdk()));
    ledger.record(&new_run("yellow", "2020/a.csv"), at(0)).await.unwrap();
    let again = new_run("yellow", "2020/a.csv");
    ledger.record(&again, at(1)).await.unwrap();
    let claim = ledger.claim(&request("one"), at(2)).await.unwrap().unwrap();
    let scanned = client.scan().table_name(settings().audit_table).send().await.unwrap();
    assert_eq!(scanned.items().len(), 2, "an item a run and nothing else");
    let id = claim.run.id.to_string();
    let is_run = |item: &&std::collections::HashMap<String, AttributeValue>| {
        item["execution_id"] == AttributeValue::S(id.clone())
    };
    let item = scanned.items().iter().find(is_run).unwrap();
    let text = |name: &str| item[name].as_s().unwrap().as_str();
    assert_eq!(text("job_latest_status"), "RUNNING");
    assert_eq!(text("job_start_date"), "2020-09-13T12:26:40Z");
    assert!(text("joblast_updated_timestamp").ends_with('Z'));
    assert_eq!(text("error_message"), "");
    assert_eq!(text("sfn_execution_name"), format!("a.csv-{id}"));
    assert!(text("sfn_arn").ends_with(&id));
    let input: serde_json::Value = serde_json::from_str(text("sfn_input")).unwrap();
    let expected = serde_json::json!({
        "JOB_NAME": "raw_to_conformed",
        "target_databasename": settings().conformed_database,
        "target_bucketname": settings().conformed_bucket,
        "source_bucketname": "raw",
        "source_key": "tlc/yellow/2020/a.csv",
        "base_file_name": "a.csv",
        "p_year": "2020",
        "p_month": "09",
        "p_day": "13",
        "table_name": "yellow",
        "execution_id": id,
    });
    assert_eq!(input, expected);
}
