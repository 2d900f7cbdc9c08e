//! Answers that come in pages and batches, names that are odd, items that people read.

use std::collections::BTreeSet;

use aws::testing::Emulator;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ErrorKind;
use domain::arrival::Arrival;
use domain::notification::Notification;
use domain::run::{RunId, RunStatus, Trigger};
use etl_engine::notify::{DeliveryState, Outbox};
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
async fn days_are_counted_from_the_moment_that_was_asked_for() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let ledger = ledger(&account(&emulator).await);
    let day = 86_400;
    // Samples begin at 12:26:40.
    for (number, second) in [0, 20, day, day + 5, 3 * day].into_iter().enumerate() {
        let new = new_run("yellow", &format!("{number}.csv"));
        ledger.record(&new, at(second)).await.unwrap();
    }
    let counted = async |from: i64| {
        let found = ledger.by_day(at(from)).await.unwrap();
        found.into_iter().map(|count| (count.day.to_string(), count.runs)).collect::<Vec<_>>()
    };
    let days = |counts: [u64; 3]| {
        let days = ["2020-09-13", "2020-09-14", "2020-09-16"].map(str::to_owned);
        let some = days.into_iter().zip(counts).filter(|(_, runs)| *runs > 0);
        some.collect::<Vec<_>>()
    };
    let midnight = -(12 * 3_600 + 26 * 60 + 40);
    assert_eq!(counted(midnight).await, days([2, 2, 1]));
    assert_eq!(counted(10).await, days([1, 2, 1]));
    assert_eq!(counted(midnight + day).await, days([0, 2, 1]));
    assert_eq!(counted(day + 1).await, days([0, 1, 1]));
    assert_eq!(counted(4 * day).await, []);
    let since = ledger.datasets(at(0), 10).await.unwrap();
    assert_eq!((since.len(), since[0].created_at), (1, at(3 * day)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn items_of_an_earlier_lake_are_no_runs() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = account(&emulator).await;
    let (ledger, client) = (ledger(&account), Client::new(account.sdk()));
    let id = "0f1f9b1e-7d0a-4f4e-9b63-0d0d3a1f7c11";
    let text = |text: &str| AttributeValue::S(text.into());
    let earlier = client
        .put_item()
        .table_name(settings().audit_table)
        .item("execution_id", text(id))
        .item("sfn_execution_name", text("a.csv-20210101000000123456"))
        .item("job_latest_status", text("FAILED"))
        .item("error_message", text("JobRunState: FAILED"));
    earlier.send().await.unwrap();
    let run = ledger.record(&new_run("yellow", "a.csv"), at(0)).await.unwrap().run().clone();
    assert_eq!(ledger.run(id.parse().unwrap()).await.unwrap(), None);
    let failed = RunFilter { statuses: vec![RunStatus::Failed], limit: 9, ..RunFilter::default() };
    assert_eq!(ledger.list(&failed).await.unwrap(), []);
    let all = RunFilter { limit: 9, ..RunFilter::default() };
    assert_eq!(ledger.list(&all).await.unwrap(), [run]);
    assert_eq!(ledger.by_status().await.unwrap(), [(RunStatus::Queued, 1)]);
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
        assert_eq!(ledger.list(&filter).await.unwrap(), std::slice::from_ref(&run));
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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b10_a_notification_that_was_spoilt_keeps_no_other_back() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = account(&emulator).await;
    let (ledger, outbox) = (ledger(&account), outbox(&account));
    let mut told = Vec::new();
    for second in 0..3 {
        let new = new_run("yellow", &format!("{second}.csv"));
        let run = ledger.record(&new, at(0)).await.unwrap().run().id;
        let run = ledger.command(run, RunCommand::Cancel, at(second)).await.unwrap();
        told.push(Notification::of_run(&run, at(second)));
    }
    let spoil = Client::new(account.sdk())
        .update_item()
        .table_name(settings().state_table)
        .key("pk", AttributeValue::S(format!("notification#{}", told[0].id)))
        .key("sk", AttributeValue::S("-".into()))
        .update_expression("SET document = :nothing")
        .expression_attribute_values(":nothing", AttributeValue::S("{}".into()));
    spoil.send().await.unwrap();

    let taken = outbox.take_due(at(10), at(20), 9).await.unwrap();
    let taken: Vec<_> = taken.into_iter().map(|pending| pending.notification).collect();
    assert_eq!(taken, told[1..]);
    for notification in &taken {
        outbox.delivered(&notification.id, at(11)).await.unwrap();
    }
    let spoilt = async || outbox.recent(9).await.unwrap().pop().unwrap();
    let once = spoilt().await;
    assert_eq!((once.state, once.failed_attempts), (DeliveryState::Waiting, 1));
    assert!(once.last_error.unwrap().contains("document"));
    let mut now = 10;
    while spoilt().await.state == DeliveryState::Waiting {
        now += 10;
        assert!(now < 1_000, "it is never given up");
        assert_eq!(outbox.take_due(at(now), at(now + 10), 9).await.unwrap(), []);
    }
    let given_up = spoilt().await;
    assert_eq!((given_up.state, given_up.failed_attempts), (DeliveryState::GivenUp, 12));
}
