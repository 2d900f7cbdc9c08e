//! Signs of life of a worker, for readiness checks and metrics.

use std::convert::Infallible;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How often a worker that waits for a free place says that it lives.
const BEAT: Duration = Duration::from_secs(1);

/// What one worker has to say about itself.
#[derive(Debug, Default)]
pub struct WorkerHealth {
    last_beat: Mutex<Option<Instant>>,
    leases_lost: AtomicU64,
}

impl WorkerHealth {
    /// Time since the worker last reached the run ledger, or had its hands full; `None` when it
    /// never did.
    pub fn last_beat(&self) -> Option<Duration> {
        let last = self.last_beat.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        last.map(|instant| instant.elapsed())
    }

    /// Runs that went to another worker because the lease ran out.
    pub fn leases_lost(&self) -> u64 {
        self.leases_lost.load(Ordering::Relaxed)
    }

    /// The worker is well.
    pub(super) fn beat(&self) {
        let mut last = self.last_beat.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *last = Some(Instant::now());
    }

    /// The worker is well for as long as this is polled.
    pub(super) async fn beat_on(&self) -> Infallible {
        loop {
            self.beat();
            tokio::time::sleep(BEAT).await;
        }
    }

    pub(super) fn lease_lost(&self) {
        self.leases_lost.fetch_add(1, Ordering::Relaxed);
    }
}
