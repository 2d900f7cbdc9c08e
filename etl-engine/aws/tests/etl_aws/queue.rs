//! Arrivals of a raw bucket through SQS.

// The helpers of tests are tests too.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use aws::Account;
use aws::testing::Emulator;
use aws_sdk_s3::types::{Event, NotificationConfiguration, QueueConfiguration};
use aws_sdk_sqs::types::QueueAttributeName;
use domain::arrival::ObjectVersion;
use domain::run::Trigger;
use etl_aws::{SqsArrivalQueue, SqsArrivalSettings};
use etl_engine::run::{ArrivalQueue, MemoryRunLedger, Message, NewRun, RunLedger};
use etl_engine::testing::{self, RawZoneUnderTest, sample};
use serde_json::{Value, json};

use crate::bucket::{bucket, s3};

struct SqsRawZone {
    account: Account,
    settings: SqsArrivalSettings,
    ledger: Arc<MemoryRunLedger>,
    queue: SqsArrivalQueue,
}

impl SqsRawZone {
    async fn new(account: Account) -> Self {
        let bucket = bucket(&account, true).await;
        let sqs = aws_sdk_sqs::Client::new(account.sdk());
        let dead_letter_url = queue(&sqs, &format!("{bucket}-dead"), None).await;
        let queue_url = queue(&sqs, &bucket, Some(&bucket)).await;
        let arn = arn(&sqs, &queue_url).await;
        let event = Event::from("s3:ObjectCreated:*");
        let told = QueueConfiguration::builder().queue_arn(arn).events(event).build().unwrap();
        let told = NotificationConfiguration::builder().queue_configurations(told).build();
        let request = s3(&account).put_bucket_notification_configuration().bucket(&bucket);
        request.notification_configuration(told).send().await.unwrap();
        let settings = SqsArrivalSettings {
            wait: Duration::from_secs(1),
            visibility: Duration::from_secs(3),
            repeat_after: Duration::from_millis(100),
            ..SqsArrivalSettings::new(queue_url, dead_letter_url, bucket)
        };
        let ledger = Arc::new(MemoryRunLedger::new("dev".parse().unwrap()));
        let queue =
            SqsArrivalQueue::new(&account, ledger.clone(), ledger.clone(), settings.clone());
        Self { account, settings, ledger, queue }
    }

    /// As after a restart, with other settings.
    fn restarted(&self, settings: SqsArrivalSettings) -> SqsArrivalQueue {
        let ledger = self.ledger.clone();
        SqsArrivalQueue::new(&self.account, ledger.clone(), ledger, settings)
    }

    fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(self.account.sdk())
    }

    async fn send(&self, body: &str) {
        let sent = self.sqs().send_message().queue_url(&self.settings.queue_url);
        sent.message_body(body).send().await.unwrap();
    }

    /// Bodies of the dead letters, with the reason of each.
    async fn dead_letters(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        loop {
            let received = self.sqs().receive_message().queue_url(&self.settings.dead_letter_url);
            let received = received.max_number_of_messages(10).message_attribute_names("All");
            let messages = received.send().await.unwrap().messages.unwrap_or_default();
            if messages.is_empty() {
                return found;
            }
            found.extend(messages.into_iter().map(|letter| {
                let reason = letter.message_attributes.unwrap()["reason"].string_value.clone();
                (letter.body.unwrap(), reason.unwrap())
            }));
        }
    }

    /// How many messages the queue has, hidden ones too.
    async fn count(&self) -> u32 {
        use QueueAttributeName::{
            ApproximateNumberOfMessages as Seen, ApproximateNumberOfMessagesNotVisible as Hidden,
        };
        let asked = self.sqs().get_queue_attributes().queue_url(&self.settings.queue_url);
        let asked = asked.attribute_names(Seen).attribute_names(Hidden).send().await.unwrap();
        asked.attributes.unwrap().values().map(|count| count.parse::<u32>().unwrap()).sum()
    }

    async fn record(&self, message: &Message) {
        let new = NewRun { arrival: message.arrival.clone(), ..sample::new_run("y", "unused") };
        self.ledger.record(&new, sample::at(0)).await.unwrap();
    }
}

/// A queue by name; S3 may send to it for a bucket.
async fn queue(sqs: &aws_sdk_sqs::Client, name: &str, fed_by: Option<&str>) -> String {
    let mut request = sqs.create_queue().queue_name(name);
    if let Some(bucket) = fed_by {
        let statement = json!({
            "Effect": "Allow", "Principal": { "Service": "s3.amazonaws.com" },
            "Action": "sqs:SendMessage", "Resource": "*",
            "Condition": { "ArnEquals": { "aws:SourceArn": format!("arn:aws:s3:::{bucket}") } },
        });
        let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
        request = request.attributes(QueueAttributeName::Policy, policy.to_string());
    }
    request.send().await.unwrap().queue_url.unwrap()
}

async fn arn(sqs: &aws_sdk_sqs::Client, url: &str) -> String {
    let asked = sqs.get_queue_attributes().queue_url(url);
    let asked = asked.attribute_names(QueueAttributeName::QueueArn).send().await.unwrap();
    asked.attributes.unwrap()[&QueueAttributeName::QueueArn].clone()
}

#[async_trait]
impl RawZoneUnderTest for SqsRawZone {
    fn queue(&self) -> &dyn ArrivalQueue {
        &self.queue
    }

    fn ledger(&self) -> &dyn RunLedger {
        self.ledger.as_ref()
    }

    async fn put(&self, key: &str, content: &str) {
        let body = content.as_bytes().to_vec().into();
        let put = s3(&self.account).put_object().bucket(&self.settings.bucket).key(key).body(body);
        put.send().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn contract_of_the_arrival_queue() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = emulator.account().await;
    testing::arrival_queue(async || Arc::new(SqsRawZone::new(account.clone()).await)).await;
}

/// Messages until so many came.
async fn receive(queue: &SqsArrivalQueue, count: usize) -> Vec<Message> {
    let begin = Instant::now();
    let mut messages = Vec::new();
    while messages.len() < count {
        assert!(begin.elapsed() < Duration::from_secs(30), "only {messages:?}");
        messages.extend(queue.receive().await.unwrap());
    }
    messages
}

fn record(key: &str, bucket: &str) -> Value {
    json!({
        "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "eventTime": "2020-08-05T01:02:03Z",
        "s3": {
            "bucket": { "name": bucket },
            "object": { "key": key, "size": 3, "versionId": key, "sequencer": "0A" },
        },
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a11_all_records_of_an_event_are_told_and_poison_goes_aside_alone() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let zone = SqsRawZone::new(emulator.account().await).await;
    let bucket = &zone.settings.bucket;
    let mut records: Vec<_> =
        ["tlc/y/1+1.csv", "tlc/y/2.csv", "tlc/y/3.csv"].map(|key| record(key, bucket)).to_vec();
    records.insert(1, json!({ "eventName": "ObjectCreated:Put", "oops": true }));
    zone.send(&json!({ "Records": records }).to_string()).await;
    zone.send("no event at all").await;

    let told = receive(&zone.queue, 3).await;
    let keys: Vec<_> = told.iter().map(|message| &*message.arrival.key).collect();
    assert_eq!(keys, ["tlc/y/1 1.csv", "tlc/y/2.csv", "tlc/y/3.csv"]);
    zone.queue.acknowledge(&told[0]).await.unwrap();
    zone.queue.dead_letter(&told[1], "its dataset\nhas no name").await.unwrap();
    // The third could not be recorded: it comes again, and the others do not.
    let again = receive(&zone.queue, 1).await;
    assert_eq!(again, told[2..]);
    zone.queue.acknowledge(&again[0]).await.unwrap();
    assert_eq!(zone.queue.receive().await.unwrap(), []);
    assert_eq!(zone.count().await, 0, "the event, the nonsense and S3's test are gone");

    let mut letters = zone.dead_letters().await;
    letters.sort_by_key(|(_, reason)| reason.clone());
    let [named, nonsense, unread] = letters.try_into().unwrap();
    assert_eq!(named.1, "its dataset has no name");
    assert_eq!(nonsense, ("no event at all".into(), "the message is no JSON".into()));
    assert!(unread.1.contains("cannot be read") && unread.0.contains("oops"), "{unread:?}");
    // What was put aside can be sent to the queue again as it is.
    zone.send(&named.0).await;
    assert_eq!(receive(&zone.queue, 1).await[0].arrival, told[1].arrival);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b3_a_heartbeat_keeps_an_arrival_from_others_until_the_worker_is_gone() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let zone = SqsRawZone::new(emulator.account().await).await;
    zone.put("tlc/y/a.csv", "1").await;
    let told = receive(&zone.queue, 1).await;
    let other = zone.restarted(zone.settings.clone());
    let begin = Instant::now();
    while begin.elapsed() < 2 * zone.settings.visibility {
        assert_eq!(other.receive().await.unwrap(), [], "after {:?}", begin.elapsed());
    }
    let SqsRawZone { queue, .. } = zone;
    drop(queue);
    assert_eq!(receive(&other, 1).await[0].arrival, told[0].arrival);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a12_an_object_that_no_event_told_of_is_found_by_the_sweep() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let zone = SqsRawZone::new(emulator.account().await).await;
    zone.put("tlc/y/known.csv", "1").await;
    let known = receive(&zone.queue, 1).await;
    zone.record(&known[0]).await;
    zone.queue.acknowledge(&known[0]).await.unwrap();
    // From here on nobody tells of anything.
    let request = s3(&zone.account).put_bucket_notification_configuration();
    let nothing = NotificationConfiguration::builder().build();
    let request = request.bucket(&zone.settings.bucket).notification_configuration(nothing);
    request.send().await.unwrap();
    for key in ["tlc/y/_SUCCESS", "nonsense.csv", "tlc/y/a b+c%.csv", "tlc/y//odd.csv"] {
        zone.put(key, "old").await;
    }
    zone.put("tlc/y/a b+c%.csv", "latest").await;
    let soon = Duration::from_millis(100);
    let settings = SqsArrivalSettings {
        sweep_every: soon,
        sweep_grace: Duration::ZERO,
        wait: soon,
        ..zone.settings.clone()
    };
    let queue = zone.restarted(settings);
    let found = receive(&queue, 2).await;
    let keys: Vec<_> = found.iter().map(|m| (&*m.arrival.key, m.arrival.size, m.trigger)).collect();
    let sweep = Trigger::Sweep;
    assert_eq!(keys, [("tlc/y//odd.csv", 3, sweep), ("tlc/y/a b+c%.csv", 6, sweep)]);
    assert!(matches!(found[0].arrival.version, ObjectVersion::VersionId(_)));
    // One is recorded, one can never be; neither is told of again.
    zone.record(&found[0]).await;
    queue.acknowledge(&found[0]).await.unwrap();
    queue.dead_letter(&found[1], "never").await.unwrap();
    for _ in 0..3 {
        tokio::time::sleep(soon).await;
        assert_eq!(queue.receive().await.unwrap(), []);
    }
    assert_eq!(zone.dead_letters().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b15_a_queue_that_is_gone_is_an_error_of_its_kind() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let zone = SqsRawZone::new(emulator.account().await).await;
    zone.sqs().delete_queue().queue_url(&zone.settings.queue_url).send().await.unwrap();
    let error = zone.queue.receive().await.unwrap_err();
    assert_eq!(error.kind(), domain::ErrorKind::NotFound, "{error}");
}
