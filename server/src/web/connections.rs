//! Which connections there are, and which one goes when there are too many.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// The connections of one server.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    room: Arc<Semaphore>,
    open: Arc<Mutex<HashMap<u64, Arc<State>>>>,
}

/// One connection; it leaves its room when dropped.
#[derive(Debug)]
pub(super) struct Connection {
    number: u64,
    state: Arc<State>,
    all: Connections,
    _room: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct State {
    /// Requests whose answers are not sent to their end.
    requests: AtomicUsize,
    idle_since: Mutex<Instant>,
    cut: CancellationToken,
}

impl Connections {
    /// Room for `most` connections.
    pub(super) fn new(most: usize) -> Self {
        Self { room: Arc::new(Semaphore::new(most)), open: Arc::default() }
    }

    /// How many are open.
    pub(super) fn count(&self) -> usize {
        locked(&self.open).len()
    }

    /// Takes room for a connection. When there is none, the connection that was idle longest is
    /// cut; when all are at work, this waits for one to end.
    pub(super) async fn enter(&self) -> Connection {
        let room = match Arc::clone(&self.room).try_acquire_owned() {
            Ok(room) => room,
            Err(_) => {
                self.cut_one();
                let waiting = Arc::clone(&self.room).acquire_owned();
                match waiting.await {
                    Ok(room) => room,
                    // The semaphore is never closed.
                    Err(_) => return std::future::pending().await,
                }
            }
        };
        let state = Arc::new(State {
            requests: AtomicUsize::new(0),
            idle_since: Mutex::new(Instant::now()),
            cut: CancellationToken::new(),
        });
        let number = self.insert(Arc::clone(&state));
        Connection { number, state, all: self.clone(), _room: room }
    }

    fn insert(&self, state: Arc<State>) -> u64 {
        static NUMBERS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        locked(&self.open).insert(number, state);
        number
    }

    fn cut_one(&self) {
        let open = locked(&self.open);
        let idle = open.values().filter(|state| {
            state.requests.load(Ordering::Acquire) == 0 && !state.cut.is_cancelled()
        });
        if let Some(longest) = idle.min_by_key(|state| *locked(&state.idle_since)) {
            longest.cut.cancel();
        }
    }
}

impl Connection {
    /// Marks the connection as at work until the value is dropped.
    pub(super) fn busy(&self) -> Busy {
        self.state.requests.fetch_add(1, Ordering::AcqRel);
        Busy { state: Arc::clone(&self.state) }
    }

    /// Resolves when the connection must make room.
    pub(super) async fn cut(&self) {
        self.state.cut.cancelled().await;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        locked(&self.all.open).remove(&self.number);
    }
}

/// A request under way.
#[derive(Debug)]
pub(super) struct Busy {
    state: Arc<State>,
}

impl Busy {
    /// The request is under way until its answer is sent or given up.
    pub(super) fn until_end_of(self, body: Body) -> BusyBody {
        BusyBody { body, _busy: self }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        *locked(&self.state.idle_since) = Instant::now();
        self.state.requests.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The body of an answer.
#[derive(Debug)]
pub(super) struct BusyBody {
    body: Body,
    _busy: Busy,
}

impl HttpBody for BusyBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What is behind the locks here is whole after a panic too.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn d19_the_connection_that_was_idle_longest_makes_room() {
        let connections = Connections::new(2);
        let first = connections.enter().await;
        let second = connections.enter().await;
        // The first was idle longer, but is at work now.
        let _working = first.busy();
        let waiting = tokio::spawn({
            let connections = connections.clone();
            async move { connections.enter().await }
        });
        second.cut().await;
        assert!(!first.state.cut.is_cancelled());
        drop(second);
        let _third = waiting.await.unwrap();
        assert_eq!(connections.count(), 2);
    }
}
