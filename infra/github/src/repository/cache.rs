//! What is named by its content never changes: it is read once and kept, within bounds.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Values by name, the oldest given up when they weigh too much together.
#[derive(Debug)]
pub(super) struct Kept<K, V> {
    most: usize,
    held: Mutex<Held<K, V>>,
}

#[derive(Debug)]
struct Held<K, V> {
    values: HashMap<K, (V, usize)>,
    order: VecDeque<K>,
    weight: usize,
}

impl<K: Clone + Eq + Hash, V: Clone> Kept<K, V> {
    /// Keeps values that weigh `most` together.
    pub(super) fn up_to(most: usize) -> Self {
        let held = Held { values: HashMap::new(), order: VecDeque::new(), weight: 0 };
        Self { most, held: Mutex::new(held) }
    }

    pub(super) fn get(&self, name: &K) -> Option<V> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.values.get(name).map(|(value, _)| value.clone())
    }

    pub(super) fn put(&self, name: K, value: V, weight: usize) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if weight > self.most || held.values.contains_key(&name) {
            return;
        }
        while held.weight + weight > self.most {
            let Some(oldest) = held.order.pop_front() else { break };
            if let Some((_, freed)) = held.values.remove(&oldest) {
                held.weight -= freed;
            }
        }
        held.weight += weight;
        held.order.push_back(name.clone());
        held.values.insert(name, (value, weight));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_given_up_when_there_is_too_much() {
        let kept = Kept::up_to(10);
        for (name, weight) in [("a", 4), ("b", 4), ("a", 4), ("c", 4), ("d", 11)] {
            kept.put(name, weight, weight);
        }
        assert_eq!(
            ["a", "b", "c", "d"].map(|name| kept.get(&name)),
            [None, Some(4), Some(4), None]
        );
    }
}
