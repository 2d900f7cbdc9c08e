//! Files that may still be written to.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use domain::arrival::{Arrival, ObjectVersion};
use domain::run::Trigger;

/// Keys that were seen, until they have not changed for the settle time.
#[derive(Debug)]
pub(super) struct Settling {
    settle: Duration,
    files: BTreeMap<String, File>,
}

#[derive(Debug)]
struct File {
    trigger: Trigger,
    version: Option<ObjectVersion>,
    unchanged_since: Instant,
}

impl Settling {
    pub(super) fn new(settle: Duration) -> Self {
        Self { settle, files: BTreeMap::new() }
    }

    /// Adds a key that was seen; whoever saw it first is the trigger.
    pub(super) fn add(&mut self, key: String, trigger: Trigger, now: Instant) {
        self.files.entry(key).or_insert(File { trigger, version: None, unchanged_since: now });
    }

    /// The files that have settled, as they are now. Those that vanished are forgotten.
    pub(super) fn settled(
        &mut self,
        now: Instant,
        look: impl Fn(&str) -> Option<Arrival>,
    ) -> Vec<(Arrival, Trigger)> {
        let mut settled = Vec::new();
        self.files.retain(|key, file| {
            let Some(arrival) = look(key) else { return false };
            if file.version.as_ref() != Some(&arrival.version) {
                file.version = Some(arrival.version.clone());
                file.unchanged_since = now;
            } else if now.duration_since(file.unchanged_since) >= self.settle {
                settled.push((arrival, file.trigger));
            }
            true
        });
        settled
    }

    pub(super) fn remove(&mut self, key: &str) {
        self.files.remove(key);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use etl_engine::testing::sample;

    const SETTLE: Duration = Duration::from_millis(500);

    fn look(e_tag: &str) -> impl Fn(&str) -> Option<Arrival> {
        move |key| Some(sample::arrival(key, e_tag))
    }

    #[test]
    fn a_file_settles_when_it_has_not_changed_for_the_settle_time() {
        let mut settling = Settling::new(SETTLE);
        let begin = Instant::now();
        settling.add("a".into(), Trigger::Event, begin);
        settling.add("a".into(), Trigger::Sweep, begin);
        assert_eq!(settling.settled(begin, look("1")), []);
        assert_eq!(settling.settled(begin + SETTLE, look("2")), []);
        assert_eq!(settling.settled(begin + SETTLE * 3 / 2, look("2")), []);
        let settled = settling.settled(begin + SETTLE * 2, look("2"));
        assert_eq!(settled, [(sample::arrival("a", "2"), Trigger::Event)]);
        assert!(!settling.is_empty(), "it stays until it is told of");
        settling.remove("a");
        assert!(settling.is_empty());
    }

    #[test]
    fn a_file_that_vanishes_before_it_settles_is_forgotten() {
        let mut settling = Settling::new(SETTLE);
        settling.add("a".into(), Trigger::Event, Instant::now());
        assert_eq!(settling.settled(Instant::now(), |_| None), []);
        assert!(settling.is_empty());
    }
}
