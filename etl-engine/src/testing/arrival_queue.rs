//! The contract of the arrival queue.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::arrival::Arrival;
use domain::run::Trigger;

use super::cases;
use crate::run::{ArrivalQueue, Message, NewRun, RunLedger};
use crate::testing::sample::{at, dataset};

/// How long a message may take at most.
const PATIENCE: Duration = Duration::from_secs(20);

/// A raw zone, empty, and the queue that tells of what lands in it.
#[async_trait]
pub trait RawZoneUnderTest: Send + Sync {
    /// The queue.
    fn queue(&self) -> &dyn ArrivalQueue;

    /// The ledger that the queue may ask what is known.
    fn ledger(&self) -> &dyn RunLedger;

    /// Puts an object there, as a source system would; returns when it is there.
    async fn put(&self, key: &str, content: &str);
}

/// Runs the contract over the raw zones that `make` makes, each empty.
pub async fn arrival_queue<A: RawZoneUnderTest + 'static>(make: impl AsyncFn() -> Arc<A>) {
    cases!(
        "arrival queue",
        async || make().await as Arc<dyn RawZoneUnderTest>,
        [
            an_object_that_lands_is_told_of,
            b7_a_message_comes_again_until_it_is_acknowledged,
            a_new_version_of_a_key_is_told_of_and_comes_later,
            a11_a_dead_letter_does_not_come_again_and_blocks_nobody,
        ]
    );
}

async fn an_object_that_lands_is_told_of(zone: Arc<dyn RawZoneUnderTest>) {
    assert_eq!(zone.queue().receive().await.unwrap(), []);
    zone.put("tlc/yellow/2020/a b.csv", "1,2").await;
    let message = next(&*zone, "tlc/yellow/2020/a b.csv").await;
    assert_eq!(message.trigger, Trigger::Event);
    assert_eq!(message.arrival.size, 3);
    handle(&*zone, &message).await;
}

async fn b7_a_message_comes_again_until_it_is_acknowledged(zone: Arc<dyn RawZoneUnderTest>) {
    zone.put("tlc/yellow/a.csv", "1").await;
    let first = next(&*zone, "tlc/yellow/a.csv").await;
    let again = next(&*zone, "tlc/yellow/a.csv").await;
    assert_eq!(again.arrival, first.arrival);
    handle(&*zone, &again).await;
    nothing_comes(&*zone).await;
}

async fn a_new_version_of_a_key_is_told_of_and_comes_later(zone: Arc<dyn RawZoneUnderTest>) {
    zone.put("tlc/yellow/a.csv", "1").await;
    let first = next(&*zone, "tlc/yellow/a.csv").await;
    handle(&*zone, &first).await;
    zone.put("tlc/yellow/a.csv", "22").await;
    let second = next(&*zone, "tlc/yellow/a.csv").await;
    assert_ne!(second.arrival.version, first.arrival.version);
    assert!(second.arrival.sequencer > first.arrival.sequencer);
    assert_eq!(second.arrival.size, 2);
}

async fn a11_a_dead_letter_does_not_come_again_and_blocks_nobody(zone: Arc<dyn RawZoneUnderTest>) {
    zone.put("nonsense.csv", "1").await;
    let poison = next(&*zone, "nonsense.csv").await;
    zone.queue().dead_letter(&poison, "names no dataset").await.unwrap();
    zone.put("tlc/yellow/a.csv", "1").await;
    let message = next(&*zone, "tlc/yellow/a.csv").await;
    handle(&*zone, &message).await;
    nothing_comes(&*zone).await;
}

/// The next message about a key. Others are left unacknowledged.
async fn next(zone: &dyn RawZoneUnderTest, key: &str) -> Message {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        let messages = zone.queue().receive().await.unwrap();
        if let Some(message) = messages.into_iter().find(|message| message.arrival.key == key) {
            return message;
        }
    }
    panic!("nothing was told of {key} within {PATIENCE:?}");
}

/// What the server does with a message: record, then acknowledge.
async fn handle(zone: &dyn RawZoneUnderTest, message: &Message) {
    let new = NewRun {
        arrival: message.arrival.clone(),
        dataset: dataset("yellow"),
        trigger: message.trigger,
        actor: "sluice".into(),
        held: None,
        original: None,
    };
    zone.ledger().record(&new, at(0)).await.unwrap();
    zone.queue().acknowledge(message).await.unwrap();
}

async fn nothing_comes(zone: &dyn RawZoneUnderTest) {
    for _ in 0..3 {
        let messages = zone.queue().receive().await.unwrap();
        let keys: Vec<Arrival> = messages.into_iter().map(|message| message.arrival).collect();
        assert_eq!(keys, []);
    }
}
