//! How the data flow works: section `[engine]`.

use std::path::PathBuf;

use etl_engine::query::session::SessionLimits;
use etl_engine::raw_to_conformed::decode::DecodeOptions;
use etl_engine::run::EngineSettings;
use etl_engine::table_files::WriterSettings;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::check::{Wrong, within};

const MEGABYTE: u64 = 1024 * 1024;
const GIGABYTE: u64 = 1024 * MEGABYTE;

/// Bounds of memory, concurrency and patience.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EngineConfig {
    /// Runs carried out at the same time, in each environment.
    pub concurrency: usize,
    /// Threads of one run; all cores when absent.
    pub threads: Option<usize>,
    /// How long a claim holds without a heartbeat.
    pub lease_seconds: u32,
    /// How often idle workers look for work.
    pub poll_milliseconds: u32,
    /// Attempts at a run before it is failed.
    pub max_attempts: u32,
    /// Wait before the second attempt; doubled for each one after it, up to five minutes.
    pub retry_after_seconds: u32,
    /// Most partitions that one run may write.
    pub max_partitions: usize,
    /// Memory of one transformation, before it spills to disk.
    pub transformation_memory_megabytes: u64,
    /// Most that one transformation may spill.
    pub max_spill_gigabytes: u64,
    /// Folder for spilled data; the system's temporary folder when absent.
    pub spill_dir: Option<PathBuf>,
    /// Rows that wait in memory to be written, of one run.
    pub write_buffer_megabytes: u64,
    /// Most decompressed bytes of one compressed file.
    pub max_decompressed_gigabytes: u64,
    /// Most decompressed bytes for one compressed byte.
    pub max_compression_ratio: u64,
    /// Staged files that nothing refers to are deleted when they are older.
    pub staging_grace_hours: u32,
    /// Replaced files stay restorable for so long.
    pub history_retention_days: u32,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            concurrency: 2,
            threads: None,
            lease_seconds: 30,
            poll_milliseconds: 500,
            max_attempts: 5,
            retry_after_seconds: 2,
            max_partitions: 4_000,
            transformation_memory_megabytes: 384,
            max_spill_gigabytes: 64,
            spill_dir: None,
            write_buffer_megabytes: 256,
            max_decompressed_gigabytes: 1_024,
            max_compression_ratio: 1_000,
            staging_grace_hours: 24,
            history_retention_days: 30,
        }
    }
}

impl EngineConfig {
    /// As the engine takes it. Values are those of a checked configuration.
    pub fn settings(&self) -> EngineSettings {
        let base = EngineSettings::default();
        let threads = self.threads.unwrap_or(base.decode.parallelism);
        EngineSettings {
            lease: SignedDuration::from_secs(self.lease_seconds.into()),
            poll: SignedDuration::from_millis(self.poll_milliseconds.into()),
            max_attempts: self.max_attempts,
            retry_after: SignedDuration::from_secs(self.retry_after_seconds.into()),
            concurrency: self.concurrency,
            transformation: SessionLimits {
                max_memory: bytes(self.transformation_memory_megabytes),
                spill_dir: self.spill_dir.clone().or(base.transformation.spill_dir),
                max_spill: self.max_spill_gigabytes * GIGABYTE,
                target_partitions: threads,
                cancel: CancellationToken::new(),
            },
            decode: DecodeOptions {
                parallelism: threads,
                max_compression_ratio: self.max_compression_ratio,
                max_decompressed_bytes: self.max_decompressed_gigabytes * GIGABYTE,
                ..base.decode
            },
            writer: WriterSettings {
                parallelism: threads,
                buffer_bytes: bytes(self.write_buffer_megabytes),
                max_partitions: self.max_partitions,
                ..base.writer
            },
            staging_grace: SignedDuration::from_hours(self.staging_grace_hours.into()),
            history_retention: SignedDuration::from_hours(
                i64::from(self.history_retention_days) * 24,
            ),
            ..base
        }
    }

    pub(super) fn check(&self, wrong: &mut Vec<Wrong>) {
        within(wrong, "engine.concurrency", self.concurrency, 1..=64);
        if let Some(threads) = self.threads {
            within(wrong, "engine.threads", threads, 1..=256);
        }
        within(wrong, "engine.lease_seconds", self.lease_seconds, 1..=3_600);
        within(wrong, "engine.poll_milliseconds", self.poll_milliseconds, 10..=60_000);
        within(wrong, "engine.max_attempts", self.max_attempts, 1..=100);
        within(wrong, "engine.retry_after_seconds", self.retry_after_seconds, 0..=300);
        within(wrong, "engine.max_partitions", self.max_partitions, 1..=100_000);
        let memory = self.transformation_memory_megabytes;
        within(wrong, "engine.transformation_memory_megabytes", memory, 16..=1_048_576);
        within(wrong, "engine.max_spill_gigabytes", self.max_spill_gigabytes, 0..=65_536);
        within(wrong, "engine.write_buffer_megabytes", self.write_buffer_megabytes, 8..=65_536);
        let decompressed = self.max_decompressed_gigabytes;
        within(wrong, "engine.max_decompressed_gigabytes", decompressed, 1..=65_536);
        within(wrong, "engine.max_compression_ratio", self.max_compression_ratio, 2..=1_000_000);
        within(wrong, "engine.staging_grace_hours", self.staging_grace_hours, 1..=8_760);
        within(wrong, "engine.history_retention_days", self.history_retention_days, 0..=3_650);
    }
}

fn bytes(megabytes: u64) -> usize {
    usize::try_from(megabytes * MEGABYTE).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_engine() {
        let mut settings = EngineConfig::default().settings();
        let mut expected = EngineSettings::default();
        // A token compares by its identity only.
        settings.transformation.cancel = CancellationToken::new();
        expected.transformation.cancel = settings.transformation.cancel.clone();
        expected.writer.parallelism = settings.writer.parallelism;
        assert_eq!(format!("{settings:?}"), format!("{expected:?}"));
    }
}
