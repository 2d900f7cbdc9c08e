//! How far a hop is while it goes on.

use std::fs::File;
use std::io::Seek;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::run::Counts;
use domain::zone::Hop;

use super::decode::RawBytes;
use crate::lock;
use crate::run::SoFar;

/// Rows and bytes of a hop while it goes on, for whoever shows them.
#[derive(Debug, Default)]
pub struct Progress {
    /// Rows read so far.
    pub rows_read: AtomicU64,
    /// Rows rejected so far.
    pub rows_rejected: AtomicU64,
    /// Decompressed bytes read so far.
    pub bytes: AtomicU64,
    /// Rows written so far.
    pub rows_written: AtomicU64,
    now: Mutex<Now>,
}

#[derive(Debug, Default)]
struct Now {
    hop: Option<Hop>,
    /// A second handle of the raw file: it shares the position of the reader.
    raw: Option<File>,
}

impl Progress {
    /// Counts a hop from its beginning.
    pub(crate) fn begin(&self, hop: Hop) {
        *lock(&self.now) = Now { hop: Some(hop), raw: None };
        self.set(0, 0, 0);
        self.rows_written.store(0, Ordering::Relaxed);
    }

    /// Stops counting: what the ledger holds of the hop is exact from now on.
    pub(crate) fn end(&self) {
        *lock(&self.now) = Now::default();
    }

    /// Follows how much of a local file was read. `false` for files that are not read in order.
    pub(super) fn follow(&self, bytes: &RawBytes, in_order: bool) {
        let file = match bytes {
            RawBytes::File(file) if in_order => file.try_clone().ok(),
            _ => None,
        };
        lock(&self.now).raw = file;
    }

    pub(super) fn set(&self, rows_read: u64, rows_rejected: u64, bytes: u64) {
        self.rows_read.store(rows_read, Ordering::Relaxed);
        self.rows_rejected.store(rows_rejected, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    /// The hop that goes on and its counts so far. Bytes read are bytes as stored; 0 when nobody
    /// knows. Bytes written are not known before the end.
    pub fn so_far(&self) -> Option<SoFar> {
        let mut now = lock(&self.now);
        let hop = now.hop?;
        let bytes_read = now.raw.as_mut().and_then(|file| file.stream_position().ok());
        let counts = Counts {
            rows_read: self.rows_read.load(Ordering::Relaxed),
            rows_written: self.rows_written.load(Ordering::Relaxed),
            rows_rejected: self.rows_rejected.load(Ordering::Relaxed),
            bytes_read: bytes_read.unwrap_or_default(),
            bytes_written: 0,
        };
        Some(SoFar { hop, counts })
    }
}
