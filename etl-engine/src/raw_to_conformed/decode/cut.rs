//! Cutting text into blocks that end where a record ends.

use std::sync::{Arc, Mutex, PoisonError};

use domain::Result;
use domain::rejected::RejectedRow;
use memchr::{memchr, memrchr};

use super::csv::scan::{NoFields, Scanned, Scanner};
use super::text::TextSource;

/// Readable bytes behind a block's text, so that workers may load whole words.
pub(super) const PADDING: usize = 64;

/// Bytes read at once while the rest of an over-long line is thrown away.
const SKIP_BYTES: usize = 256 * 1024;

/// Whole records of the file.
pub(super) struct TextBlock {
    /// The text, with [`PADDING`] zero bytes behind it.
    pub(super) padded: Vec<u8>,
    /// Bytes of over-long lines that were left out of the text.
    pub(super) dropped: u64,
    buffers: Buffers,
}

impl TextBlock {
    /// A block of a text that stands in memory.
    pub(super) fn of(text: &[u8]) -> Self {
        let mut padded = Vec::with_capacity(text.len() + PADDING);
        padded.extend_from_slice(text);
        padded.resize(text.len() + PADDING, 0);
        Self { padded, dropped: 0, buffers: Buffers::default() }
    }

    /// The text alone.
    pub(super) fn text(&self) -> &[u8] {
        &self.padded[..self.padded.len() - PADDING]
    }
}

impl Drop for TextBlock {
    fn drop(&mut self) {
        self.buffers.put(std::mem::take(&mut self.padded));
    }
}

/// Buffers that are used again, because fresh memory costs more than reading a file does.
#[derive(Clone, Default)]
struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

impl Buffers {
    const KEPT: usize = 8;
    const LARGEST: usize = 16 * 1024 * 1024;

    fn take(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn put(&self, mut buffer: Vec<u8>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < Self::KEPT && buffer.capacity() <= Self::LARGEST {
            buffer.clear();
            kept.push(buffer);
        }
    }
}

/// Cuts a text into blocks.
pub(super) struct Cutter {
    source: TextSource,
    scanner: Scanner,
    block_bytes: usize,
    /// Text read and not yet handed out; starts where a record starts.
    ahead: Vec<u8>,
    ended: bool,
    buffers: Buffers,
}

impl Cutter {
    pub(super) fn new(source: TextSource, scanner: Scanner, block_bytes: usize) -> Self {
        // Positions inside a block are 30-bit numbers.
        let block_bytes = block_bytes.clamp(16, 256 * 1024 * 1024);
        let buffers = Buffers::default();
        Self { source, scanner, block_bytes, ahead: Vec::new(), ended: false, buffers }
    }

    pub(super) fn scanner(&self) -> &Scanner {
        &self.scanner
    }

    /// Takes the first records off the text: calls `take` with all text read so far and whether it
    /// is all there is, until that returns how many bytes it took (`None`: it needs more).
    pub(super) fn take_front(
        &mut self,
        mut take: impl FnMut(&[u8], bool) -> Result<Option<usize>>,
    ) -> Result<()> {
        let mut wanted = self.block_bytes;
        loop {
            let mut text = std::mem::take(&mut self.ahead);
            self.fill(&mut text, wanted)?;
            let taken = take(&text, self.ended)?;
            text.drain(..taken.unwrap_or(0));
            self.ahead = text;
            if taken.is_some() {
                return Ok(());
            }
            wanted *= 2;
        }
    }

    /// The next block; `None` at the end of the file.
    pub(super) fn next_block(&mut self) -> Result<Option<TextBlock>> {
        let mut text = self.buffers.take();
        text.extend_from_slice(&self.ahead);
        self.ahead.clear();
        let (mut wanted, mut dropped) = (self.block_bytes, 0);
        loop {
            self.fill(&mut text, wanted)?;
            if text.is_empty() {
                return Ok(None);
            }
            let cut = if self.ended { Some(text.len()) } else { self.last_record_end(&text) };
            if let Some(cut) = cut {
                self.ahead.extend_from_slice(&text[cut..]);
                text.truncate(cut);
                break;
            }
            if text.len() > self.kept_of_long_lines() {
                dropped = self.drop_rest_of_line(&mut text)?;
                break;
            }
            wanted = text.len() * 2;
        }
        text.resize(text.len() + PADDING, 0);
        Ok(Some(TextBlock { padded: text, dropped, buffers: self.buffers.clone() }))
    }

    fn fill(&mut self, text: &mut Vec<u8>, wanted: usize) -> Result<()> {
        if !self.ended && text.len() < wanted {
            text.reserve(wanted - text.len() + PADDING);
            self.ended = self.source.append(text, wanted - text.len())?;
        }
        Ok(())
    }

    /// Where the last record ends of which this is certain without the text that follows.
    fn last_record_end(&self, text: &[u8]) -> Option<usize> {
        let quotes = self.scanner.quote.is_some_and(|quote| memchr(quote, text).is_some());
        if !quotes {
            return memrchr(self.scanner.newline, text).map(|newline| newline + 1);
        }
        let mut end = None;
        while let Some(next) = self.next_start(text, end.unwrap_or(0)) {
            end = Some(next);
        }
        end
    }

    fn next_start(&self, text: &[u8], start: usize) -> Option<usize> {
        if start == text.len() {
            return None;
        }
        match self.scanner.scan(text, start, false, &mut NoFields) {
            Scanned::Record { next, .. }
            | Scanned::Nothing { next }
            | Scanned::Fault { next, .. } => Some(next),
            Scanned::Incomplete => None,
        }
    }

    /// So much of an over-long line is kept that it is still seen to be too long (a line end of two
    /// bytes cannot make it fit) and its raw text can be shown.
    fn kept_of_long_lines(&self) -> usize {
        self.scanner.max_record.max(RejectedRow::MAX_RAW) + 2
    }

    /// Shortens the one record in `text`, whose end is out of sight, and reads past that end, so
    /// that a line of any length takes bounded memory. Returns how many bytes were left out.
    fn drop_rest_of_line(&mut self, text: &mut Vec<u8>) -> Result<u64> {
        let kept = self.kept_of_long_lines();
        let mut dropped = (text.len() - kept) as u64;
        text.truncate(kept);
        let mut rest = Vec::new();
        while !self.ended {
            rest.clear();
            self.ended = self.source.append(&mut rest, SKIP_BYTES)?;
            if let Some(newline) = memchr(self.scanner.newline, &rest) {
                dropped += newline as u64;
                text.push(self.scanner.newline);
                self.ahead.extend_from_slice(&rest[newline + 1..]);
                break;
            }
            dropped += rest.len() as u64;
        }
        Ok(dropped)
    }
}
