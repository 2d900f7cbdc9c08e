//! The arrival queue port: where arrivals are heard of.

use async_trait::async_trait;
use domain::Result;
use domain::arrival::Arrival;
use domain::run::Trigger;

/// A message that tells of one arrival. At least once, in any order.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// What the queue needs to find the message again.
    pub receipt: String,
    /// The arrival it tells of.
    pub arrival: Arrival,
    /// Event or sweep.
    pub trigger: Trigger,
}

/// The arrivals of one environment.
#[async_trait]
pub trait ArrivalQueue: Send + Sync + std::fmt::Debug {
    /// Waits for messages, up to the adapter's polling time; may return none. A message that is not
    /// acknowledged comes again.
    async fn receive(&self) -> Result<Vec<Message>>;

    /// The arrival is in the ledger; the message need not come again.
    async fn acknowledge(&self, message: &Message) -> Result<()>;

    /// The message can never be handled; it is put aside with the reason and blocks nobody.
    async fn dead_letter(&self, message: &Message, reason: &str) -> Result<()>;
}
