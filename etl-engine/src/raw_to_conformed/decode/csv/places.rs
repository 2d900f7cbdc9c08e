//! Where the fields of one record stand in its text.

use std::ops::Range;

use domain::source::CsvDialect;

use super::scan::{FieldSink, Scanned, Scanner, field_ends};

/// The places of a record's fields, quotes included; none when the text is no record.
pub(crate) fn field_places(record: &[u8], dialect: &CsvDialect) -> Vec<Range<usize>> {
    let scanner = Scanner::new(dialect);
    let mut places = Places { delimiter: scanner.delimiter, start: 0, found: Vec::new() };
    match scanner.scan(record, 0, true, &mut places) {
        Scanned::Record { .. } => places.found,
        _ => Vec::new(),
    }
}

struct Places {
    delimiter: u8,
    start: usize,
    found: Vec<Range<usize>>,
}

impl FieldSink for Places {
    fn unquoted(&mut self, text: &[u8], from: usize, to: usize) {
        for end in field_ends(text, self.delimiter, from, to) {
            self.quoted(end, false);
        }
    }

    fn quoted(&mut self, end: usize, _escaped: bool) {
        self.found.push(self.start..end);
        self.start = end + 1;
    }
}
