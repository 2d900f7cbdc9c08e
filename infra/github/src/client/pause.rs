//! Being silent when GitHub says that it is too much: who asks on is locked out for longer.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::{Error, ErrorKind, Result};

/// Until when nothing is asked.
#[derive(Debug, Default)]
pub(super) struct Pause(Mutex<Option<Instant>>);

impl Pause {
    /// Asks nothing for so long. A longer pause stays.
    pub(super) fn begin(&self, length: Duration) {
        let until = Instant::now() + length;
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *held = held.map_or(Some(until), |before| Some(before.max(until)));
        tracing::warn!(seconds = length.as_secs(), "GitHub asks for a pause");
    }

    /// Throttled while the pause lasts.
    pub(super) fn check(&self, doing: &str) -> Result<()> {
        let held = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = held.and_then(|until| until.checked_duration_since(Instant::now()));
        match left {
            None => Ok(()),
            Some(left) => Err(Error::new(
                ErrorKind::Throttled,
                format!(
                    "could not {doing}: GitHub asked for a pause; {} seconds of it are left",
                    left.as_secs() + 1
                ),
            )),
        }
    }
}
