//! How the engine works: bounds of memory, concurrency and patience.

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::query::session::SessionLimits;
use crate::raw_to_conformed::decode::DecodeOptions;
use crate::table_files::WriterSettings;

/// Settings of the engine. One value per process, passed explicitly.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// Name of this worker, for people.
    pub worker: String,
    /// How long a claim holds without a heartbeat; heartbeats come at least three times as often.
    pub lease: SignedDuration,
    /// How often idle workers look for work.
    pub poll: SignedDuration,
    /// Attempts at a run before it is failed.
    pub max_attempts: u32,
    /// Wait before the second attempt; doubled for each one after it, up to five minutes.
    pub retry_after: SignedDuration,
    /// Runs carried out at the same time.
    pub concurrency: usize,
    /// Memory and disk of one transformation; each run brings its own token to cancel it.
    pub transformation: SessionLimits,
    /// Bounds of decoding.
    pub decode: DecodeOptions,
    /// Bounds of writing.
    pub writer: WriterSettings,
    /// Staged files that nothing refers to are deleted when they are older than this.
    pub staging_grace: SignedDuration,
    /// Replaced files stay restorable for so long.
    pub history_retention: SignedDuration,
}

impl Default for EngineSettings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            worker: format!("worker-{}", std::process::id()),
            lease: SignedDuration::from_secs(30),
            poll: SignedDuration::from_millis(500),
            max_attempts: 5,
            retry_after: SignedDuration::from_secs(2),
            concurrency: 2,
            transformation: SessionLimits {
                max_memory: 384 * 1024 * 1024,
                spill_dir: Some(std::env::temp_dir()),
                max_spill: 64 * 1024 * 1024 * 1024,
                target_partitions: cores,
                cancel: CancellationToken::new(),
            },
            decode: DecodeOptions { parallelism: cores, ..DecodeOptions::default() },
            writer: WriterSettings { parallelism: cores, ..WriterSettings::default() },
            staging_grace: SignedDuration::from_hours(24),
            history_retention: SignedDuration::from_hours(24 * 30),
        }
    }
}

impl EngineSettings {
    /// Wait before the attempt after `attempt`.
    pub fn backoff(&self, attempt: u32) -> SignedDuration {
        let factor = 2_i32.saturating_pow(attempt.saturating_sub(1).min(20));
        self.retry_after.saturating_mul(factor).min(SignedDuration::from_mins(5))
    }
}
