//! Notifications through SNS.

// The helpers of tests are tests too.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use aws::Account;
use aws::testing::Emulator;
use aws_sdk_sqs::types::QueueAttributeName;
use domain::ErrorKind;
use domain::notification::{Notification, NotifiedEvent};
use etl_aws::SnsNotifier;
use etl_engine::notify::Notifier;
use etl_engine::testing::sample;
use serde_json::{Value, json};

/// A topic, and the URL of a queue that hears of what a filter lets through.
async fn subscribed(account: &Account, filter: Value) -> (String, String) {
    let (sns, sqs) =
        (aws_sdk_sns::Client::new(account.sdk()), aws_sdk_sqs::Client::new(account.sdk()));
    let topic = sns.create_topic().name("dev-lake-notifications").send().await.unwrap();
    let topic = topic.topic_arn.unwrap();
    let url = sqs.create_queue().queue_name("heard").send().await.unwrap().queue_url.unwrap();
    let asked = sqs.get_queue_attributes().queue_url(&url);
    let asked = asked.attribute_names(QueueAttributeName::QueueArn).send().await.unwrap();
    let arn = asked.attributes.unwrap()[&QueueAttributeName::QueueArn].clone();
    let statement = json!({
        "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" },
        "Action": "sqs:SendMessage", "Resource": arn,
        "Condition": { "ArnEquals": { "aws:SourceArn": topic } },
    });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
    let request = sqs.set_queue_attributes().queue_url(&url);
    request.attributes(QueueAttributeName::Policy, policy.to_string()).send().await.unwrap();
    let subscribe = sns.subscribe().topic_arn(&topic).protocol("sqs").endpoint(arn);
    subscribe.attributes("FilterPolicy", filter.to_string()).send().await.unwrap();
    (topic, url)
}

/// What the queue heard, each as the envelope that SNS puts around it.
async fn heard(account: &Account, url: &str) -> Vec<Value> {
    let sqs = aws_sdk_sqs::Client::new(account.sdk());
    let received = sqs.receive_message().queue_url(url).max_number_of_messages(10);
    let received = received.wait_time_seconds(1).send().await.unwrap();
    let messages = received.messages.unwrap_or_default();
    messages.iter().map(|message| serde_json::from_str(message.body().unwrap()).unwrap()).collect()
}

fn failed_run(id: &str, body: Value) -> Notification {
    Notification {
        id: id.into(),
        subject: "[dev] tlc/yellow FAILED: tlc/yellow/trips ü.csv\nall well".into(),
        event: Some(NotifiedEvent::RunFailed),
        source_system: Some("tlc".into()),
        body,
        created_at: sample::at(0),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b10_a_notification_reaches_those_whose_filter_lets_it_through() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = emulator.account().await;
    let filter = json!({
        "environment": ["dev"], "status": ["FAILED"], "dataset": ["tlc/yellow"],
        "source_system": ["tlc"], "event": ["run_failed"],
    });
    let (topic, url) = subscribed(&account, filter).await;
    let notifier = SnsNotifier::new(&account, &topic, "dev".parse().unwrap());
    assert_eq!((notifier.name(), notifier.target()), ("SNS dev-lake-notifications", None));
    assert_eq!(notifier.clone().named("oncall").target(), Some("oncall"));
    let body = json!({ "status": "FAILED", "dataset": "tlc/yellow", "error": "ünïcode" });
    let failed = failed_run("run-1", body);
    notifier.deliver(&failed).await.unwrap();
    let other = json!({ "status": "SUCCEEDED", "dataset": "tlc/yellow" });
    notifier.deliver(&failed_run("run-2", other)).await.unwrap();
    let heard = heard(&account, &url).await;
    assert_eq!(heard.len(), 1, "{heard:?}");
    let told = serde_json::from_str::<Notification>(heard[0]["Message"].as_str().unwrap());
    assert_eq!(told.unwrap(), failed);
    let subject = heard[0]["Subject"].as_str().unwrap();
    assert_eq!(subject, "[dev] tlc/yellow FAILED: tlc/yellow/trips ?.csv all well");
    assert_eq!(heard[0]["MessageAttributes"]["id"]["Value"], "run-1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_too_long_is_told_without_its_body_and_a_missing_topic_is_an_error() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = emulator.account().await;
    let (topic, url) = subscribed(&account, json!({ "environment": ["dev"] })).await;
    let notifier = SnsNotifier::new(&account, &topic, "dev".parse().unwrap());
    let body = json!({ "status": "FAILED", "dataset": "tlc/yellow", "error": "x".repeat(300_000) });
    notifier.deliver(&failed_run("long", body)).await.unwrap();
    let heard = heard(&account, &url).await;
    let told: Notification = serde_json::from_str(heard[0]["Message"].as_str().unwrap()).unwrap();
    assert!(told.id == "long" && told.body["left_out"].is_string(), "{told:?}");
    assert_eq!(heard[0]["MessageAttributes"]["status"]["Value"], "FAILED");

    let gone = SnsNotifier::new(&account, &format!("{topic}-gone"), "dev".parse().unwrap());
    let error = gone.deliver(&failed_run("1", Value::Null)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert!(error.message().contains("dev-lake-notifications-gone"), "{error}");
}
