//! Live changes: one poller per environment, while somebody listens, hands them to all listeners.
//!
//! Architecture invariant: the ledger is asked, not the workers of this process: runs are also
//! carried out by other servers and by `sluice worker` on the same database.

mod feed;
mod listener;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::environment::EnvironmentName;
use etl_engine::lake::Lake;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

pub use feed::Changes;
use feed::Feed;
pub use listener::Listener;

/// Listeners of one person at the same time: a few tabs in a few browsers.
const PER_PERSON: usize = 12;
/// Listeners of this server at the same time.
const IN_ALL: usize = 500;

/// The changes of all environments.
#[derive(Debug)]
pub struct Live {
    feeds: Mutex<HashMap<EnvironmentName, Arc<Feed>>>,
    people: Mutex<HashMap<String, Arc<Semaphore>>>,
    places: Arc<Semaphore>,
    shutdown: CancellationToken,
}

/// A place among those who listen. It is free again when this is dropped.
#[derive(Debug)]
pub struct Seat {
    _places: [OwnedSemaphorePermit; 2],
}

impl Default for Live {
    fn default() -> Self {
        Self {
            feeds: Mutex::default(),
            people: Mutex::default(),
            places: Arc::new(Semaphore::new(IN_ALL)),
            shutdown: CancellationToken::new(),
        }
    }
}

impl Live {
    /// Listens to the runs of a lake, as the person with this id; `None` when they or all together
    /// listen too often already.
    pub fn listen(&self, lake: &Lake, person: &str) -> Option<Listener> {
        let seat = self.seat(person)?;
        let feed = {
            let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
            let feed = feeds.entry(lake.environment.clone());
            Arc::clone(feed.or_insert_with(|| Arc::new(Feed::new(Arc::clone(&lake.reports)))))
        };
        let changes = feed.subscribe(&self.shutdown);
        Some(Listener::new(changes, self.shutdown.clone(), seat))
    }

    /// A place for one who listens to something, as the person with this id; `None` when they or all
    /// together listen too often already.
    pub fn seat(&self, person: &str) -> Option<Seat> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let own_place = self.places_of(person).try_acquire_owned().ok()?;
        Some(Seat { _places: [place, own_place] })
    }

    /// Comes when all listening ends.
    pub async fn stopped(&self) {
        self.shutdown.cancelled().await;
    }

    /// Ends all listening, so that the server can stop.
    pub fn stop(&self) {
        self.shutdown.cancel();
    }

    fn places_of(&self, person: &str) -> Arc<Semaphore> {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        // Who does not listen any more need not be remembered.
        people.retain(|_, places| places.available_permits() < PER_PERSON);
        let places = people.entry(person.to_owned());
        Arc::clone(places.or_insert_with(|| Arc::new(Semaphore::new(PER_PERSON))))
    }
}
