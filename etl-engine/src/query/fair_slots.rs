//! Slots for queries, shared fairly among people (promise E7).
//!
//! A free slot goes to whoever has the fewest running queries, among equals to who waited longest.
//! Nobody has all slots while others could want one.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{Error, ErrorKind, Result};
use tokio::sync::oneshot;

/// The slots of one service.
#[derive(Debug)]
pub struct FairSlots {
    state: Mutex<State>,
    slots: usize,
    max_waiting: usize,
}

#[derive(Debug, Default)]
struct State {
    running: HashMap<String, usize>,
    in_use: usize,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    who: String,
    ready: oneshot::Sender<Slot>,
}

/// A slot; free again when it is dropped.
#[derive(Debug)]
pub struct Slot {
    slots: Arc<FairSlots>,
    who: String,
}

impl FairSlots {
    /// So many slots, and so many queries that may wait for one.
    pub fn new(slots: usize, max_waiting: usize) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), slots: slots.max(1), max_waiting })
    }

    /// A slot for `who`, at once or after waiting. [`ErrorKind::Throttled`] when too many wait.
    /// An empty name stands for nobody in particular, who may have all slots.
    pub async fn take(self: &Arc<Self>, who: &str) -> Result<Slot> {
        let (ready, slot) = oneshot::channel();
        let waits = {
            let mut state = self.state();
            state.waiting.retain(|waiting| !waiting.ready.is_closed());
            state.waiting.push_back(Waiting { who: who.to_owned(), ready });
            let (all, own) = (state.waiting.len(), state.waiting_of(who));
            (!state.has_room(self.slots, who)).then_some((all, own))
        };
        if let Some((all, own)) = waits
            && (all > self.max_waiting || own > self.most_waiting(who))
        {
            return Err(Error::new(
                ErrorKind::Throttled,
                format!("{} queries wait already: try again in a moment", all - 1),
            ));
        }
        self.hand_out();
        slot.await
            .map_err(|error| Error::internal("no queries are taken any more").with_source(error))
    }

    /// One person may not fill the queue either.
    fn most_waiting(&self, who: &str) -> usize {
        if who.is_empty() { self.max_waiting } else { self.max_waiting.div_ceil(2) }
    }

    /// Gives free slots to those who wait.
    fn hand_out(self: &Arc<Self>) {
        loop {
            let next = self.state().next(self.slots);
            let Some(waiting) = next else { return };
            let slot = Slot { slots: Arc::clone(self), who: waiting.who };
            // Who has gone meanwhile gives the slot back by dropping it.
            drop(waiting.ready.send(slot));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn running_of(&self, who: &str) -> usize {
        self.running.get(who).copied().unwrap_or_default()
    }

    fn waiting_of(&self, who: &str) -> usize {
        self.waiting.iter().filter(|waiting| waiting.who == who).count()
    }

    /// A person leaves one slot to others.
    fn has_room(&self, slots: usize, who: &str) -> bool {
        let most = if who.is_empty() { slots } else { slots.saturating_sub(1).max(1) };
        self.in_use < slots && self.running_of(who) < most
    }

    /// Takes the next out of the queue and counts it as running.
    fn next(&mut self, slots: usize) -> Option<Waiting> {
        self.waiting.retain(|waiting| !waiting.ready.is_closed());
        let fitting = self.waiting.iter().enumerate();
        let fitting = fitting.filter(|(_, waiting)| self.has_room(slots, &waiting.who));
        let (index, _) =
            fitting.min_by_key(|(at, waiting)| (self.running_of(&waiting.who), *at))?;
        let next = self.waiting.remove(index)?;
        self.in_use += 1;
        *self.running.entry(next.who.clone()).or_default() += 1;
        Some(next)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        {
            let mut state = self.slots.state();
            state.in_use = state.in_use.saturating_sub(1);
            if let Some(running) = state.running.get_mut(&self.who) {
                *running = running.saturating_sub(1);
                if *running == 0 {
                    state.running.remove(&self.who);
                }
            }
        }
        self.slots.hand_out();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Asks for a slot and waits a moment; the slot, or who is still waiting.
    async fn soon(slots: &Arc<FairSlots>, who: &str) -> Option<Slot> {
        let taken = tokio::time::timeout(Duration::from_millis(30), slots.take(who)).await;
        taken.ok().map(|slot| slot.unwrap())
    }

    #[tokio::test]
    async fn e7_one_person_leaves_a_slot_to_others() {
        let slots = FairSlots::new(3, 8);
        let first = soon(&slots, "ada").await.unwrap();
        let _second = soon(&slots, "ada").await.unwrap();
        assert!(soon(&slots, "ada").await.is_none(), "the third slot is for others");
        let _other = soon(&slots, "bob").await.unwrap();
        drop(first);
        assert!(soon(&slots, "ada").await.is_some());
    }

    #[tokio::test]
    async fn e7_a_free_slot_goes_to_who_has_fewest() {
        let slots = FairSlots::new(2, 8);
        let (ada, carol) = (soon(&slots, "ada").await.unwrap(), soon(&slots, "carol").await);
        let own = tokio::spawn({
            let slots = Arc::clone(&slots);
            async move { slots.take("ada").await.unwrap() }
        });
        tokio::time::sleep(Duration::from_millis(10)).await;
        let others = tokio::spawn({
            let slots = Arc::clone(&slots);
            async move { slots.take("bob").await.unwrap() }
        });
        tokio::time::sleep(Duration::from_millis(10)).await;
        drop(carol);
        let bob = tokio::time::timeout(Duration::from_secs(1), others).await.unwrap().unwrap();
        assert!(!own.is_finished(), "bob came later, and had none");
        drop((ada, bob));
        tokio::time::timeout(Duration::from_secs(1), own).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn e7_the_queue_is_bounded_and_who_leaves_it_gives_the_place_back() {
        let slots = FairSlots::new(1, 2);
        let _held = soon(&slots, "ada").await.unwrap();
        for _ in 0..4 {
            assert!(soon(&slots, "ada").await.is_none());
        }
        let waiting = tokio::spawn({
            let slots = Arc::clone(&slots);
            async move { slots.take("ada").await.map(drop) }
        });
        tokio::time::sleep(Duration::from_millis(10)).await;
        let refused = slots.take("ada").await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Throttled);
        assert!(soon(&slots, "bob").await.is_none(), "bob may wait where ada may not");
        waiting.abort();
    }
}
