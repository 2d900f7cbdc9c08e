//! Rejected rows of a block: where they stand and why, in words.

use domain::column::Column;
use domain::rejected::{RejectReason, RejectedRow};

use super::super::block::mismatch;
use super::super::columns::{Fault, PLACE, Tile};
use super::index::BadRecord;

/// Collects the rejected rows of a block.
pub(super) struct Rejects<'a> {
    text: &'a [u8],
    fields: usize,
    columns: &'a [Column],
    found: Vec<Found>,
    bad_rows: Vec<usize>,
}

struct Found {
    start: usize,
    end: usize,
    column: Option<usize>,
    reason: RejectReason,
    detail: String,
}

impl<'a> Rejects<'a> {
    pub(super) fn new(text: &'a [u8], fields: usize, columns: &'a [Column]) -> Self {
        Self { text, fields, columns, found: Vec::new(), bad_rows: Vec::new() }
    }

    /// Adds text that is no record.
    pub(super) fn add_records(&mut self, records: &[BadRecord]) {
        for record in records {
            let detail = match (record.reason, record.fields) {
                (RejectReason::TooLong, _) => "the record is longer than the source allows".into(),
                (_, Some(found)) => {
                    format!("{found} fields where {} are expected", self.fields)
                }
                (_, None) => {
                    "a quote that is not closed, or text behind a closing quote".to_owned()
                }
            };
            let BadRecord { start, end, reason, .. } = *record;
            self.found.push(Found { start, end, column: None, reason, detail });
        }
    }

    /// Adds rows of a tile (the first of them is row `first` of the block), one fault each.
    pub(super) fn add_values(&mut self, first: usize, tile: &Tile<'_>, faults: Vec<Fault>) {
        let stride = tile.fields + 1;
        for Fault { row, column, reason } in faults {
            let places = &tile.places[row * stride..(row + 1) * stride];
            let place = |index: usize| (places[index] & PLACE) as usize;
            let field = tile.source_of(column).map(|field| {
                let start = place(field) + usize::from(field > 0);
                &self.text[start..place(field + 1)]
            });
            self.found.push(Found {
                start: place(0),
                end: place(tile.fields),
                column: Some(column),
                reason,
                detail: mismatch(&self.columns[column], reason, field.unwrap_or_default()),
            });
            self.bad_rows.push(first + row);
        }
    }

    /// Rows of the block that do not fit, in order.
    pub(super) fn bad_rows(&self) -> &[usize] {
        &self.bad_rows
    }

    /// The rejected rows by line, the block's first line being 1.
    pub(super) fn finish(mut self, newline: u8) -> Vec<RejectedRow> {
        self.found.sort_by_key(|found| found.start);
        let (mut line, mut counted) = (1, 0);
        let mut row = |found: Found| {
            let before = &self.text[counted..found.start];
            line += memchr::memchr_iter(newline, before).count() as u64;
            counted = found.start;
            let end = found.end.min(found.start + RejectedRow::MAX_RAW);
            RejectedRow {
                line,
                column: found.column.map(|column| self.columns[column].name.clone()),
                reason: found.reason,
                detail: found.detail,
                raw: self.text[found.start..end].to_vec(),
            }
        };
        self.found.drain(..).map(&mut row).collect()
    }
}
