//! Guessing how a file is written, from its first megabyte.

use std::collections::BTreeMap;

use domain::source::{CsvDialect, Encoding, Format, LineEnding};
use domain::{Error, Result};
use memchr::memchr;

use super::super::decode::written::{Written, written};
use super::super::decode::{Sample, Spooled, head, read_object, sample};

/// Decompressed bytes that are looked at.
pub(super) const HEAD_BYTES: usize = 1024 * 1024;
/// Records that are looked at.
pub(super) const SAMPLE_RECORDS: usize = 500;

/// Most lines before a header that are taken for a title.
const MOST_SKIPPED: u32 = 20;

const PARQUET: &[u8] = b"PAR1";
const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// A guess at the format.
pub(super) struct Guess {
    pub(super) format: Format,
    /// Whether it was given, not guessed.
    pub(super) sure: bool,
    /// The first decompressed bytes.
    pub(super) head: Vec<u8>,
}

/// Guesses the format, unless it is `given`. Blocks.
pub(super) fn guess(spooled: &Spooled, file_name: &str, given: Option<Format>) -> Result<Guess> {
    let head = head(spooled.rewound()?, HEAD_BYTES)?;
    let text = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&head);
    let sure = given.is_some();
    let format = match given {
        Some(format) => format,
        None if text.starts_with(PARQUET) => Format::Parquet,
        None if text.trim_ascii().is_empty() => {
            return Err(Error::invalid("the file is empty: propose from one that has rows"));
        }
        None if is_json_lines(text, file_name) => Format::JsonLines,
        None => Format::Csv(guess_dialect(text, head.len() < HEAD_BYTES, file_name)),
    };
    Ok(Guess { format, sure, head: text.to_vec() })
}

/// The number of fields that most records have, and how many records that are.
pub(super) fn usual_fields(records: &[Vec<String>]) -> Option<(usize, usize)> {
    let mut counts = BTreeMap::new();
    for record in records {
        *counts.entry(record.len()).or_insert(0) += 1;
    }
    counts.into_iter().max_by_key(|(fields, records)| (*records, *fields))
}

/// The first line is an object; a file that is called JSON may begin with a damaged one.
fn is_json_lines(text: &[u8], file_name: &str) -> bool {
    let name = file_name.to_ascii_lowercase();
    let called_json = [".json", ".jsonl", ".ndjson"].iter().any(|ending| name.contains(ending));
    let mut lines = text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let is_object = |line: &[u8]| read_object(line, |_| None::<()>, |(), _| ()).is_ok();
    match lines.next() {
        Some(first) if first.trim_ascii_start().starts_with(b"{") => {
            called_json || is_object(first) || lines.take(10).any(is_object)
        }
        _ => false,
    }
}

fn guess_dialect(text: &[u8], whole: bool, file_name: &str) -> CsvDialect {
    let base = CsvDialect {
        encoding: encoding_of(text, whole),
        line_ending: match (memchr(b'\n', text), memchr(b'\r', text)) {
            (None, Some(_)) => LineEnding::Cr,
            _ => LineEnding::Lf,
        },
        quote: Some(quote_of(text)),
        comment: (text.first() == Some(&b'#')).then_some('#'),
        ..CsvDialect::default()
    };
    let (mut dialect, records) = best_delimiter(text, whole, &base, file_name);
    let records = with_skipped_lines(&mut dialect, text, whole).unwrap_or(records);
    let records = with_escape(&mut dialect, text, whole).unwrap_or(records);
    dialect.decimal_comma = dialect.delimiter != ',' && has_decimal_commas(&records.records);
    dialect.header_rows = u32::from(has_header(&records.records, dialect.decimal_comma));
    dialect
}

/// UTF-8, unless there are bytes in the middle that it cannot have.
fn encoding_of(text: &[u8], whole: bool) -> Encoding {
    match std::str::from_utf8(text) {
        Ok(_) => Encoding::Utf8,
        // The last character may be cut.
        Err(error) if !whole && error.error_len().is_none() => Encoding::Utf8,
        Err(_) => Encoding::Windows1252,
    }
}

/// The double quote, unless only single ones stand where fields begin.
fn quote_of(text: &[u8]) -> char {
    let opens = |quote: u8| {
        let begins = |pair: &&[u8]| b",;\t|\n\r".contains(&pair[0]) && pair[1] == quote;
        text.windows(2).filter(begins).count() + usize::from(text.first() == Some(&quote))
    };
    if memchr(b'"', text).is_none() && opens(b'\'') > 1 { '\'' } else { '"' }
}

/// The delimiter under which most records have the same number of fields, more than one.
fn best_delimiter(
    text: &[u8],
    whole: bool,
    base: &CsvDialect,
    file_name: &str,
) -> (CsvDialect, Sample) {
    let by_name = if file_name.to_ascii_lowercase().contains(".tsv") { '\t' } else { ',' };
    let read = |delimiter: char| {
        let dialect = CsvDialect { delimiter, ..base.clone() };
        let records = sample(text, whole, &dialect, SAMPLE_RECORDS);
        (dialect, records)
    };
    let score = |(dialect, sample): &(CsvDialect, Sample)| {
        let all = (sample.records.len() + sample.faults).max(1);
        let (fields, records) = usual_fields(&sample.records).unwrap_or_default();
        // Shares in steps of a twentieth: a few ragged rows do not outweigh more columns.
        let share = if fields > 1 { records * 20 / all } else { 0 };
        (share, fields, dialect.delimiter == by_name)
    };
    let candidates = [',', ';', '\t', '|'].map(read);
    candidates.into_iter().max_by_key(score).unwrap_or_else(|| read(by_name))
}

/// Sets the backslash as escape when fewer records are malformed with it.
fn with_escape(dialect: &mut CsvDialect, text: &[u8], whole: bool) -> Option<Sample> {
    memchr(b'\\', text)?;
    let text = behind_lines(text, dialect.skip_lines);
    let plain = sample(text, whole, dialect, SAMPLE_RECORDS);
    let escaping = CsvDialect { escape: Some('\\'), ..dialect.clone() };
    let escaped = sample(text, whole, &escaping, SAMPLE_RECORDS);
    let odd = |sample: &Sample| {
        let usual = usual_fields(&sample.records).map_or(0, |(_, records)| records);
        sample.faults + sample.records.len() - usual
    };
    if odd(&escaped) >= odd(&plain) {
        return None;
    }
    *dialect = escaping;
    Some(escaped)
}

/// Skips lines that say something about the file before its header, when there are any: a title
/// stands alone in its line, also in a line that a spreadsheet filled up with delimiters.
fn with_skipped_lines(dialect: &mut CsvDialect, text: &[u8], whole: bool) -> Option<Sample> {
    let all = sample(text, whole, dialect, SAMPLE_RECORDS);
    let (fields, count) = usual_fields(&all.records)?;
    let is_title = |record: &Vec<String>| {
        let filled = record.iter().filter(|field| !field.trim().is_empty()).count();
        filled <= 1 && (record.len() < fields || fields > 2)
    };
    let usual = fields > 1 && count * 2 > all.records.len();
    if !usual || !all.records.first().is_some_and(is_title) {
        return None;
    }
    for lines in 1..=MOST_SKIPPED {
        let rest = behind_lines(text, lines);
        // A blank line is no record, and is skipped together with the title before it.
        if rest.split(|byte| *byte == b'\n').next()?.trim_ascii().is_empty() {
            continue;
        }
        let sample = sample(rest, whole, dialect, SAMPLE_RECORDS);
        let first = sample.records.first()?;
        if first.len() == fields && !is_title(first) && has_header(&sample.records, false) {
            dialect.skip_lines = lines;
            return Some(sample);
        }
        if !is_title(first) {
            return None;
        }
    }
    None
}

/// The text behind so many lines.
fn behind_lines(mut text: &[u8], lines: u32) -> &[u8] {
    for _ in 0..lines {
        text = memchr(b'\n', text).map_or(&[], |end| &text[end + 1..]);
    }
    text
}

/// Whether there are numbers that only a decimal comma explains, and none that it forbids.
fn has_decimal_commas(records: &[Vec<String>]) -> bool {
    let is_number = |text: &str, comma: bool| {
        matches!(written(text.as_bytes(), comma), Written::Integer(_) | Written::Double)
    };
    let fields = || records.iter().flatten().map(String::as_str);
    let with_comma =
        |text: &str| text.contains(',') && is_number(text, true) && !is_number(text, false);
    let with_point =
        |text: &str| text.contains('.') && is_number(text, false) && !is_number(text, true);
    fields().any(with_comma) && !fields().any(with_point)
}

/// Whether the first record names columns: it has a text, and nothing that only a row has.
fn has_header(records: &[Vec<String>], decimal_comma: bool) -> bool {
    let Some(first) = records.first() else { return false };
    let kinds: Vec<_> = first.iter().map(|name| written(name.as_bytes(), decimal_comma)).collect();
    let names = kinds.iter().all(|kind| matches!(kind, Written::Text | Written::Nothing));
    names && kinds.contains(&Written::Text)
}
