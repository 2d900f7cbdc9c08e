//! Messages that were received, and how much of each is done.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::arrival::Arrival;

use super::identity;

/// What is known of a message that did not come again is forgotten after so long: another worker
/// has it, or it is among the dead letters.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

/// Messages of the queue that this process has seen and not finished.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    messages: BTreeMap<String, Entry>,
    /// What the sweep need not tell of again. It tells once more after a restart.
    dead: HashSet<(String, String)>,
}

#[derive(Debug)]
struct Entry {
    handle: String,
    records: usize,
    settled: BTreeSet<usize>,
    receives: u32,
    is_held: bool,
    seen: Instant,
}

/// A message that somebody else may take now.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) handle: String,
    pub(super) receives: u32,
}

impl InFlight {
    /// Notes that a message was received, perhaps again; what was settled of it stays so.
    pub(super) fn hold(&self, id: &str, handle: String, records: usize, receives: u32) {
        let mut state = self.state();
        state.messages.retain(|_, entry| entry.is_held || entry.seen.elapsed() < REMEMBERED);
        let settled = state.messages.remove(id).map(|entry| entry.settled).unwrap_or_default();
        let seen = Instant::now();
        let entry = Entry { handle, records, settled, receives, is_held: true, seen };
        state.messages.insert(id.to_owned(), entry);
    }

    pub(super) fn is_settled(&self, id: &str, index: usize) -> bool {
        self.state().messages.get(id).is_some_and(|entry| entry.settled.contains(&index))
    }

    /// Notes that one record needs nothing more.
    pub(super) fn settle(&self, id: &str, index: usize) {
        if let Some(entry) = self.state().messages.get_mut(id) {
            entry.settled.insert(index);
        }
    }

    /// What deletes a message none of whose records needs anything more.
    pub(super) fn handle_if_settled(&self, id: &str) -> Option<String> {
        let state = self.state();
        let entry = state.messages.get(id)?;
        (entry.settled.len() >= entry.records).then(|| entry.handle.clone())
    }

    pub(super) fn forget(&self, id: &str) {
        self.state().messages.remove(id);
    }

    /// What deletes or prolongs the messages that are being handled.
    pub(super) fn held(&self) -> Vec<String> {
        let state = self.state();
        let held = state.messages.values().filter(|entry| entry.is_held);
        held.map(|entry| entry.handle.clone()).collect()
    }

    /// Lets go of all messages.
    pub(super) fn give_back(&self) -> Vec<Given> {
        let mut state = self.state();
        let held = state.messages.values_mut().filter(|entry| entry.is_held);
        held.map(|entry| {
            entry.is_held = false;
            Given { handle: entry.handle.clone(), receives: entry.receives }
        })
        .collect()
    }

    pub(super) fn add_dead(&self, arrival: &Arrival) {
        self.state().dead.insert(identity(arrival));
    }

    pub(super) fn is_dead(&self, arrival: &Arrival) -> bool {
        self.state().dead.contains(&identity(arrival))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What finds a record of a message again. Ids of SQS have no `#`.
pub(super) fn receipt(id: &str, index: usize) -> String {
    format!("{id}#{index}")
}

/// The message and the record that a receipt finds.
pub(super) fn place(receipt: &str) -> Option<(&str, usize)> {
    let (id, index) = receipt.rsplit_once('#')?;
    Some((id, index.parse().ok()?))
}
