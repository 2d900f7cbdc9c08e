//! Arrivals that S3 tells of through SQS, and those that it did not tell of.
//!
//! An event stays in the queue until every record of it is in the ledger or among the dead letters.
//! While its records are handled, a heartbeat keeps it from other workers; with the next call of
//! [`ArrivalQueue::receive`] whatever was left comes again, later each time. The sweep finds what no
//! event told of (promise A12).
//!
//! Architecture invariant: one caller receives from a queue at a time. Several workers have a queue
//! each, over the same URL.

mod event;
mod in_flight;
mod sweep;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws::{Account, failed};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, MessageAttributeValue, MessageSystemAttributeName,
};
use domain::arrival::Arrival;
use domain::run::Trigger;
use domain::{Error, Result};
use etl_engine::run::{ArrivalQueue, CommittedObjects, Message, RunLedger};
use tokio::sync::Mutex;
use tokio_util::task::AbortOnDropHandle;

use event::Told;
use in_flight::{Given, InFlight};
use sweep::Sweep;

/// SQS waits no longer for a message.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// An answer to a call that waits must come before the call is given up.
const ROOM: Duration = Duration::from_secs(5);
/// So many messages one call of SQS takes.
const BATCH: usize = 10;
/// What a dead letter says of its reason at most, in characters.
const MOST_REASON: usize = 1000;

/// Which queue, of which bucket, and how long things take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqsArrivalSettings {
    /// The queue that the raw bucket sends its events to.
    pub queue_url: String,
    /// Where records go that can never be handled.
    pub dead_letter_url: String,
    /// The raw bucket.
    pub bucket: String,
    /// How long one call of [`ArrivalQueue::receive`] waits at most; SQS allows 20 s.
    pub wait: Duration,
    /// What is received is hidden from others for so long; the heartbeat prolongs it. An arrival whose
    /// receiver was killed, or never got the answer, waits so long.
    pub visibility: Duration,
    /// What could not be recorded comes again after so long, and later each time.
    pub repeat_after: Duration,
    /// From the end of one sweep of the raw zone to the next.
    pub sweep_every: Duration,
    /// An object must be so old before the sweep tells of it: events come first.
    pub sweep_grace: Duration,
}

impl SqsArrivalSettings {
    /// The usual times.
    pub fn new(
        queue_url: impl Into<String>,
        dead_letter_url: impl Into<String>,
        bucket: impl Into<String>,
    ) -> Self {
        Self {
            queue_url: queue_url.into(),
            dead_letter_url: dead_letter_url.into(),
            bucket: bucket.into(),
            wait: LONGEST_WAIT,
            visibility: Duration::from_secs(30),
            repeat_after: Duration::from_secs(10),
            sweep_every: Duration::from_secs(3600),
            sweep_grace: Duration::from_secs(900),
        }
    }
}

/// The [`ArrivalQueue`] of a raw bucket.
#[derive(Debug)]
pub struct SqsArrivalQueue {
    sqs: Client,
    settings: Arc<SqsArrivalSettings>,
    in_flight: Arc<InFlight>,
    receiver: Mutex<Receiver>,
}

#[derive(Debug)]
struct Receiver {
    sweep: Sweep,
    heartbeat: Option<AbortOnDropHandle<()>>,
}

impl SqsArrivalQueue {
    /// Receives from a queue; `ledger` and `committed` know what came before. Asks AWS nothing yet.
    pub fn new(
        account: &Account,
        ledger: Arc<dyn RunLedger>,
        committed: Arc<dyn CommittedObjects>,
        settings: SqsArrivalSettings,
    ) -> Self {
        let most = account.settings().attempt.saturating_sub(ROOM).min(LONGEST_WAIT);
        let wait = settings.wait.min(most);
        let settings = Arc::new(SqsArrivalSettings { wait, ..settings });
        let sweep = Sweep::new(account, ledger, committed, settings.clone());
        Self {
            sqs: Client::new(account.sdk()),
            settings,
            in_flight: Arc::default(),
            receiver: Mutex::new(Receiver { sweep, heartbeat: None }),
        }
    }

    /// Takes what SQS has and tells of its records. What is nobody's arrival is settled at once.
    async fn receive_events(&self, wait: Duration) -> Result<Vec<Message>> {
        let request = self.sqs.receive_message().queue_url(&self.settings.queue_url);
        let request = request
            .max_number_of_messages(BATCH as i32)
            .wait_time_seconds(seconds(wait))
            .visibility_timeout(seconds(self.settings.visibility))
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
        let received = request.send().await;
        let received = received.map_err(|error| failed("receive arrivals", error))?;
        let mut messages = Vec::new();
        for message in received.messages.unwrap_or_default() {
            // Others are not held up by one that cannot be put aside now: it comes again.
            match self.told_by(message).await {
                Ok(told) => messages.extend(told),
                Err(error) => tracing::warn!(%error, "a message of the queue could not be settled"),
            }
        }
        Ok(messages)
    }

    async fn told_by(&self, message: aws_sdk_sqs::types::Message) -> Result<Vec<Message>> {
        let attributes = message.attributes.unwrap_or_default();
        let receives = attributes.get(&MessageSystemAttributeName::ApproximateReceiveCount);
        let receives = receives.and_then(|count| count.parse().ok()).unwrap_or(1);
        let (Some(id), Some(handle)) = (message.message_id, message.receipt_handle) else {
            return Err(Error::internal("SQS gave a message without an id"));
        };
        let body = message.body.unwrap_or_default();
        let records = match event::read(&body, &self.settings.bucket) {
            Told::Records(records) => records,
            Told::Nonsense(reason) => {
                self.put_aside(&body, &reason).await?;
                return self.delete(&handle).await.map(|()| Vec::new());
            }
        };
        self.in_flight.hold(&id, handle, records.len(), receives);
        let mut arrivals = Vec::new();
        for (index, record) in records.into_iter().enumerate() {
            match record {
                _ if self.in_flight.is_settled(&id, index) => {}
                Ok(arrival) => arrivals.push((index, arrival)),
                Err(poison) => {
                    tracing::warn!(reason = poison.reason, "a record of an event was put aside");
                    self.put_aside(&poison.body, &poison.reason).await?;
                    self.in_flight.settle(&id, index);
                }
            }
        }
        self.delete_if_settled(&id).await?;
        let told = arrivals.into_iter().map(|(index, arrival)| Message {
            receipt: in_flight::receipt(&id, index),
            arrival,
            trigger: Trigger::Event,
        });
        Ok(told.collect())
    }

    /// Deletes a message when nothing of it is left to be done.
    async fn delete_if_settled(&self, id: &str) -> Result<()> {
        let Some(handle) = self.in_flight.handle_if_settled(id) else { return Ok(()) };
        self.delete(&handle).await?;
        self.in_flight.forget(id);
        Ok(())
    }

    async fn delete(&self, handle: &str) -> Result<()> {
        let request = self.sqs.delete_message().queue_url(&self.settings.queue_url);
        let deleted = request.receipt_handle(handle).send().await;
        deleted.map(drop).map_err(|error| failed("delete an arrival from the queue", error))
    }

    /// Sends something to the dead letters, with the reason.
    async fn put_aside(&self, body: &str, reason: &str) -> Result<()> {
        // What an attribute may hold.
        let sayable = |ch: char| if ch.is_control() { ' ' } else { ch };
        let reason: String = reason.chars().map(sayable).take(MOST_REASON).collect();
        let reason = MessageAttributeValue::builder().data_type("String").string_value(reason);
        let reason = reason.build().map_err(|error| Error::internal(error.to_string()))?;
        let body = if body.is_empty() { "(empty)" } else { body };
        let request = self.sqs.send_message().queue_url(&self.settings.dead_letter_url);
        let sent = request.message_body(body).message_attributes("reason", reason).send().await;
        sent.map(drop).map_err(|error| failed("put an arrival aside", error))
    }

    /// Lets others see again what was left of the last call, after a while.
    async fn give_back(&self) {
        let given = self.in_flight.give_back();
        for Given { handle, receives } in given {
            let later = delay(self.settings.repeat_after, receives);
            let request = self.sqs.change_message_visibility().queue_url(&self.settings.queue_url);
            let request = request.receipt_handle(handle).visibility_timeout(seconds(later));
            if let Err(error) = request.send().await {
                // It comes again by itself, when it is not hidden any more.
                let error = failed("give an arrival back", error);
                tracing::debug!(%error, "an arrival comes again later than it might");
            }
        }
    }

    /// Keeps what was received hidden from others, until the handle is dropped.
    fn heartbeat(&self) -> AbortOnDropHandle<()> {
        let (sqs, settings) = (self.sqs.clone(), self.settings.clone());
        let in_flight = self.in_flight.clone();
        AbortOnDropHandle::new(tokio::spawn(async move {
            loop {
                tokio::time::sleep(settings.visibility / 3).await;
                for handles in in_flight.held().chunks(BATCH) {
                    prolong(&sqs, &settings, handles).await;
                }
            }
        }))
    }
}

#[async_trait]
impl ArrivalQueue for SqsArrivalQueue {
    async fn receive(&self) -> Result<Vec<Message>> {
        let mut receiver = self.receiver.lock().await;
        receiver.heartbeat = None;
        self.give_back().await;
        let swept = receiver.sweep.next_page(&self.in_flight).await;
        let at_once = !swept.is_empty() || receiver.sweep.is_under_way();
        let wait = if at_once { Duration::ZERO } else { self.settings.wait };
        let mut messages = match self.receive_events(wait).await {
            // What was swept is told of all the same.
            Err(error) if !swept.is_empty() => {
                tracing::warn!(%error, "events cannot be received now");
                Vec::new()
            }
            received => received?,
        };
        if !messages.is_empty() {
            receiver.heartbeat = Some(self.heartbeat());
        }
        messages.extend(swept);
        Ok(messages)
    }

    async fn acknowledge(&self, message: &Message) -> Result<()> {
        // What the sweep told of is known by the ledger now; no queue has it.
        let Some((id, index)) = in_flight::place(&message.receipt) else { return Ok(()) };
        self.in_flight.settle(id, index);
        self.delete_if_settled(id).await
    }

    async fn dead_letter(&self, message: &Message, reason: &str) -> Result<()> {
        self.put_aside(&event::body_of(&message.arrival), reason).await?;
        self.in_flight.add_dead(&message.arrival);
        self.acknowledge(message).await
    }
}

async fn prolong(sqs: &Client, settings: &SqsArrivalSettings, handles: &[String]) {
    let entries = handles.iter().enumerate().map(|(index, handle)| {
        ChangeMessageVisibilityBatchRequestEntry::builder()
            .id(index.to_string())
            .receipt_handle(handle)
            .visibility_timeout(seconds(settings.visibility))
            .build()
    });
    let Ok(entries) = entries.collect::<std::result::Result<Vec<_>, _>>() else { return };
    let request = sqs.change_message_visibility_batch().queue_url(&settings.queue_url);
    if let Err(error) = request.set_entries(Some(entries)).send().await {
        let error = failed("keep arrivals from other workers", error);
        tracing::warn!(%error, "arrivals may be recorded twice, which the ledger finds out");
    }
}

/// Later each time, so that an outage of minutes does not make dead letters: SQS counts receives.
fn delay(first: Duration, receives: u32) -> Duration {
    let factor = match receives {
        0 | 1 => 1,
        2 => 6,
        3 => 30,
        _ => 180,
    };
    (first * factor).min(Duration::from_secs(12 * 3600))
}

fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

/// What tells one arrival from others.
fn identity(arrival: &Arrival) -> (String, String) {
    (arrival.key.clone(), arrival.version.to_string())
}
