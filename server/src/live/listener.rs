//! One who listens.

use std::sync::Arc;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::{Changes, Seat};

/// Hears of changes until it is dropped or the server stops.
#[derive(Debug)]
pub struct Listener {
    changes: Receiver<Arc<Changes>>,
    shutdown: CancellationToken,
    _seat: Seat,
}

impl Listener {
    pub(super) fn new(
        changes: Receiver<Arc<Changes>>,
        shutdown: CancellationToken,
        seat: Seat,
    ) -> Self {
        Self { changes, shutdown, _seat: seat }
    }

    /// The next changes; `None` when the server stops. Who was too slow for some is told that
    /// anything may have changed. May be dropped at any time without losing changes.
    pub async fn next(&mut self) -> Option<Arc<Changes>> {
        let received = tokio::select! {
            () = self.shutdown.cancelled() => return None,
            received = self.changes.recv() => received,
        };
        match received {
            Ok(changes) => Some(changes),
            Err(RecvError::Lagged(_)) => Some(Arc::new(Changes::Many)),
            Err(RecvError::Closed) => None,
        }
    }
}
