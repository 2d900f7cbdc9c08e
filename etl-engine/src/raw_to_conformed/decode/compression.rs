//! Compression: recognised by the first bytes, bounded in ratio and size.

use std::io::{self, BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::{Error, Result};
use flate2::bufread::MultiGzDecoder;

use super::DecodeOptions;
use super::input::{RawBytes, RawReader, domain_error};

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const COMPRESSED_BUFFER: usize = 256 * 1024;

/// Below so many decompressed bytes no ratio is a danger.
const HARMLESS_BYTES: u64 = 16 * 1024 * 1024;

/// The first `limit` decompressed bytes of a file (fewer when it is shorter). Blocks.
pub(crate) fn head(bytes: RawBytes, limit: usize) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    let text = decompressed(bytes.into_reader(), &DecodeOptions::default())?;
    text.take(limit as u64).read_to_end(&mut head).map_err(domain_error)?;
    Ok(head)
}

/// The text of a file, whether it is gzip (of any number of members), zstd or plain. Reading fails
/// when the compressed stream is damaged, cut short, or larger than the options allow.
pub(super) fn decompressed(mut raw: RawReader, options: &DecodeOptions) -> Result<RawReader> {
    let mut first = Vec::with_capacity(ZSTD.len());
    raw.by_ref().take(ZSTD.len() as u64).read_to_end(&mut first).map_err(domain_error)?;
    let gzip = first.starts_with(GZIP);
    let zstd = first.starts_with(ZSTD);
    let whole = Cursor::new(first).chain(raw);
    if !gzip && !zstd {
        return Ok(Box::new(whole));
    }
    let consumed = Arc::new(AtomicU64::new(0));
    let counted = Counted { inner: whole, consumed: consumed.clone() };
    let buffered = BufReader::with_capacity(COMPRESSED_BUFFER, counted);
    let inner: RawReader = if gzip {
        Box::new(MultiGzDecoder::new(buffered))
    } else {
        Box::new(zstd::Decoder::with_buffer(buffered).map_err(domain_error)?)
    };
    Ok(Box::new(Bounded {
        inner,
        consumed,
        produced: 0,
        max_ratio: options.max_compression_ratio,
        max_bytes: options.max_decompressed_bytes,
    }))
}

/// Counts compressed bytes.
struct Counted<R> {
    inner: R,
    consumed: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buf)?;
        self.consumed.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Refuses to go on when a few compressed bytes become very many.
struct Bounded {
    inner: RawReader,
    consumed: Arc<AtomicU64>,
    produced: u64,
    max_ratio: u64,
    max_bytes: u64,
}

impl Read for Bounded {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buf)?;
        self.produced += count as u64;
        let consumed = self.consumed.load(Ordering::Relaxed);
        if self.produced > self.max_bytes {
            return Err(refused(format!("more than {} bytes when decompressed", self.max_bytes)));
        }
        let bound = consumed.saturating_mul(self.max_ratio).max(HARMLESS_BYTES);
        if self.produced > bound {
            return Err(refused(format!("compressed more than {} : 1", self.max_ratio)));
        }
        Ok(count)
    }
}

fn refused(what: String) -> io::Error {
    io::Error::other(Error::invalid(format!(
        "the file is {what}: it may be a decompression bomb; deliver it plain or in parts"
    )))
}
