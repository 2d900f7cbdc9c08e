//! The lines before the first row: skipped lines, comments, the header.

use domain::source::CsvDialect;
use domain::{Error, Result};

use super::super::cut::Cutter;
use super::super::names::distinct_names;
use super::super::values::field::Reading;
use super::scan::{FieldSink, Scanned, Scanner, field_ends};

/// What stands before the first row.
pub(super) struct Header {
    /// The fields of the first header row.
    pub(super) names: Option<Vec<String>>,
    /// Physical lines up to the first row.
    pub(super) lines: u64,
}

/// Takes skipped lines and header rows off the text.
pub(super) fn take(cutter: &mut Cutter, dialect: &CsvDialect) -> Result<Header> {
    let scanner = cutter.scanner().clone();
    let reading = Reading::new(dialect);
    let mut header = Header { names: None, lines: 0 };
    cutter.take_front(|text, last| {
        let Some(mut at) = skip_lines(&scanner, text, last, dialect.skip_lines)? else {
            return Ok(None);
        };
        header.names = None;
        for _ in 0..dialect.header_rows {
            let Some((fields, next)) = header_row(&scanner, &reading, text, at, last)? else {
                return Ok(None);
            };
            header.names.get_or_insert_with(|| distinct_names(fields));
            at = next;
        }
        header.lines = memchr::memchr_iter(scanner.newline, &text[..at]).count() as u64;
        Ok(Some(at))
    })?;
    Ok(header)
}

/// Where the text starts behind `count` physical lines; `None` when more text is needed.
fn skip_lines(scanner: &Scanner, text: &[u8], last: bool, count: u32) -> Result<Option<usize>> {
    let mut at = 0;
    for _ in 0..count {
        match scanner.line_end(text, at, last) {
            Some((_, next)) => at = next,
            None => return needs_more(scanner, text, at),
        }
    }
    Ok(Some(at))
}

/// The fields of the next record and where the text goes on; `None` when more text is needed.
fn header_row(
    scanner: &Scanner,
    reading: &Reading,
    text: &[u8],
    mut at: usize,
    last: bool,
) -> Result<Option<(Vec<String>, usize)>> {
    loop {
        if at == text.len() && last {
            return Err(Error::invalid(
                "the file ends before its header: deliver it whole, or register 0 header rows",
            ));
        }
        let mut names = Names { fields: Vec::new(), start: at, text, reading, scanner };
        match scanner.scan(text, at, last, &mut names) {
            Scanned::Record { next, .. } => return Ok(Some((names.fields, next))),
            Scanned::Nothing { next } => at = next,
            Scanned::Fault { reason, .. } => {
                return Err(Error::invalid(format!(
                    "the header cannot be read ({reason}): check quote and delimiter of the source"
                )));
            }
            Scanned::Incomplete => return needs_more(scanner, text, at),
        }
    }
}

/// More text is needed, unless the line is already longer than any record may be.
fn needs_more<T>(scanner: &Scanner, text: &[u8], at: usize) -> Result<Option<T>> {
    if text.len() - at > scanner.max_record.saturating_mul(2) {
        return Err(Error::invalid(format!(
            "a line before the first row is longer than {} bytes: check line ending and quote of \
             the source",
            scanner.max_record
        )));
    }
    Ok(None)
}

/// Collects the texts of a record's fields.
pub(super) struct Names<'a> {
    pub(super) fields: Vec<String>,
    pub(super) start: usize,
    pub(super) text: &'a [u8],
    pub(super) reading: &'a Reading,
    pub(super) scanner: &'a Scanner,
}

impl FieldSink for Names<'_> {
    fn unquoted(&mut self, text: &[u8], from: usize, to: usize) {
        for end in field_ends(text, self.scanner.delimiter, from, to) {
            self.fields.push(String::from_utf8_lossy(&text[self.start..end]).into_owned());
            self.start = end + 1;
        }
    }

    fn quoted(&mut self, end: usize, escaped: bool) {
        let inner = self.reading.unquoted(&self.text[self.start..end], escaped);
        self.fields.push(String::from_utf8_lossy(&inner).into_owned());
        self.start = end + 1;
    }
}
