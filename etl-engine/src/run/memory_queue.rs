//! The arrival queue in memory, for tests.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use async_trait::async_trait;
use domain::Result;
use domain::arrival::Arrival;
use domain::run::Trigger;

use super::{ArrivalQueue, Message};
use crate::lock;

/// An [`ArrivalQueue`] that tells of the arrivals it was given. Messages that were received and not
/// acknowledged come again with the next call.
#[derive(Debug, Default)]
pub struct MemoryArrivalQueue {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Message>,
    received: BTreeMap<String, Message>,
    dead: Vec<(Message, String)>,
    told: u64,
}

impl MemoryArrivalQueue {
    /// Tells of an arrival.
    pub fn tell(&self, arrival: Arrival) {
        let mut state = lock(&self.state);
        state.told += 1;
        let receipt = state.told.to_string();
        state.waiting.push_back(Message { receipt, arrival, trigger: Trigger::Event });
    }

    /// Messages that were put aside, with the reason.
    pub fn dead_letters(&self) -> Vec<(Message, String)> {
        lock(&self.state).dead.clone()
    }
}

#[async_trait]
impl ArrivalQueue for MemoryArrivalQueue {
    async fn receive(&self) -> Result<Vec<Message>> {
        let mut state = lock(&self.state);
        let mut messages: Vec<_> = state.received.values().cloned().collect();
        messages.extend(state.waiting.drain(..));
        state.received =
            messages.iter().map(|message| (message.receipt.clone(), message.clone())).collect();
        Ok(messages)
    }

    async fn acknowledge(&self, message: &Message) -> Result<()> {
        lock(&self.state).received.remove(&message.receipt);
        Ok(())
    }

    async fn dead_letter(&self, message: &Message, reason: &str) -> Result<()> {
        let mut state = lock(&self.state);
        state.received.remove(&message.receipt);
        state.dead.push((message.clone(), reason.to_owned()));
        Ok(())
    }
}
