//! Indexing a block: one pass over its bytes that notes where the fields of each record end.

use domain::rejected::RejectReason;

use super::super::columns::{ESCAPED, QUOTED};
use super::scan::{FieldSink, Scanned, Scanner, field_ends};
use super::specials::Specials;

/// Records indexed at once: their text and index stay in a core's cache while the columns are read.
/// A multiple of 64, so that all tiles but the last fill whole words of validity.
pub(super) const TILE_ROWS: usize = 1024;

/// A stretch of text that is no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadRecord {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) reason: RejectReason,
    /// Fields found, where they could be counted.
    pub(super) fields: Option<usize>,
}

/// Reads the records of a block one tile after the other.
pub(super) struct Indexer<'a> {
    scanner: &'a Scanner,
    specials: Specials,
    /// The block's text with padding.
    padded: &'a [u8],
    /// Length of the text.
    len: usize,
    fields: usize,
    /// Where the next record may start.
    at: usize,
    /// For each record of the tile its start, then the end of each field.
    pub(super) places: Vec<u32>,
    /// What the tile's text holds beside its records.
    pub(super) bad: Vec<BadRecord>,
}

impl<'a> Indexer<'a> {
    pub(super) fn new(scanner: &'a Scanner, padded: &'a [u8], len: usize, fields: usize) -> Self {
        let specials = Specials::new(scanner.delimiter, scanner.newline, scanner.quote);
        let places = Vec::with_capacity((TILE_ROWS + 1) * (fields + 1));
        Self { scanner, specials, padded, len, fields, at: 0, places, bad: Vec::new() }
    }

    /// Share of the text that is read, to estimate what is still to come.
    pub(super) fn bytes_read(&self) -> usize {
        self.at
    }

    /// Reads the next tile into [`Indexer::places`] and [`Indexer::bad`]; false at the end.
    pub(super) fn next_tile(&mut self) -> bool {
        self.places.clear();
        self.bad.clear();
        if self.at >= self.len {
            return false;
        }
        let full = TILE_ROWS * (self.fields + 1);
        while self.places.len() < full && self.at < self.len {
            if !self.read_plain(full) {
                self.read_exactly();
            }
        }
        true
    }

    /// Reads records without quotes and comments until the tile is `full`. False when the record at
    /// [`Indexer::at`] needs to be read exactly.
    fn read_plain(&mut self, full: usize) -> bool {
        let text = &self.padded[..self.len];
        let (delimiter, newline) = (self.scanner.delimiter, self.scanner.newline);
        let mut start = self.at;
        let mut base = self.places.len();
        let first = text.get(start);
        let marked = |mark: Option<u8>| mark.is_some() && first == mark.as_ref();
        if marked(self.scanner.comment) || marked(self.scanner.quote) {
            return false;
        }
        self.places.push(start as u32);
        let mut chunk = start;
        'text: while chunk < self.len {
            let mut found = self.specials.find(self.padded, chunk);
            while found != 0 {
                let place = chunk + found.trailing_zeros() as usize;
                found &= found - 1;
                let Some(byte) = text.get(place) else { break 'text };
                if *byte == delimiter {
                    self.places.push(place as u32);
                } else if *byte == newline {
                    self.end_plain(text, start, base, place);
                    start = place + 1;
                    base = self.places.len();
                    self.at = start;
                    if base >= full {
                        return true;
                    }
                    if start < self.len && text.get(start) == self.scanner.comment.as_ref() {
                        return false;
                    }
                    self.places.push(start as u32);
                } else if place == start || text[place - 1] == delimiter {
                    break 'text;
                }
            }
            chunk += 64;
        }
        // A quoted field, or a last record without line end.
        self.places.truncate(base);
        self.at = start;
        start >= self.len
    }

    /// Ends the record that began at `start` (`base` in the index) with a line end at `newline`.
    #[inline(always)]
    fn end_plain(&mut self, text: &[u8], start: usize, base: usize, newline: usize) {
        let mut end = newline;
        if text[newline] == b'\n' && newline > start && text[newline - 1] == b'\r' {
            end -= 1;
        }
        self.places.push(end as u32);
        let fields = self.places.len() - base - 1;
        if fields != self.fields || end - start > self.scanner.max_record || end == start {
            self.drop_plain(start, base, end, fields);
        }
    }

    #[cold]
    fn drop_plain(&mut self, start: usize, base: usize, end: usize, fields: usize) {
        let too_long = end - start > self.scanner.max_record;
        if end > start {
            self.end_record(start, base, end, too_long, fields);
        } else {
            self.places.truncate(base);
        }
    }

    fn end_record(&mut self, start: usize, base: usize, end: usize, long: bool, fields: usize) {
        if !long && fields == self.fields {
            return;
        }
        let reason = match () {
            () if long => RejectReason::TooLong,
            () if fields < self.fields => RejectReason::TooFewFields,
            () => RejectReason::TooManyFields,
        };
        self.places.truncate(base);
        self.bad.push(BadRecord { start, end, reason, fields: Some(fields) });
    }

    /// Reads what stands at [`Indexer::at`] by the exact rules.
    fn read_exactly(&mut self) {
        let text = &self.padded[..self.len];
        let (start, base) = (self.at, self.places.len());
        self.places.push(start as u32);
        let mut sink = Places { places: &mut self.places, delimiter: self.scanner.delimiter };
        match self.scanner.scan(text, start, true, &mut sink) {
            Scanned::Record { end, next } => {
                let fields = self.places.len() - base - 1;
                self.end_record(start, base, end, false, fields);
                self.at = next;
            }
            Scanned::Nothing { next } => {
                self.places.truncate(base);
                self.at = next;
            }
            Scanned::Fault { reason, end, next } => {
                self.places.truncate(base);
                self.bad.push(BadRecord { start, end, reason, fields: None });
                self.at = next;
            }
            // Does not happen at the end of a text; the rest would be one unreadable record.
            Scanned::Incomplete => {
                self.places.truncate(base);
                let reason = RejectReason::BadQuoting;
                self.bad.push(BadRecord { start, end: self.len, reason, fields: None });
                self.at = self.len;
            }
        }
    }
}

struct Places<'a> {
    places: &'a mut Vec<u32>,
    delimiter: u8,
}

impl FieldSink for Places<'_> {
    fn unquoted(&mut self, text: &[u8], from: usize, to: usize) {
        self.places.extend(field_ends(text, self.delimiter, from, to).map(|end| end as u32));
    }

    fn quoted(&mut self, end: usize, escaped: bool) {
        self.places.push(end as u32 | QUOTED | if escaped { ESCAPED } else { 0 });
    }
}
