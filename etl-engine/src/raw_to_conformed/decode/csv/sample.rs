//! The first records of a text under a dialect, to judge whether the dialect is the right one.

use domain::source::CsvDialect;

use super::super::values::field::Reading;
use super::header::Names;
use super::scan::{Scanned, Scanner};

/// What a text looks like under a dialect.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    /// Fields of each record, unquoted.
    pub(crate) records: Vec<Vec<String>>,
    /// Stretches of text that are no record.
    pub(crate) faults: usize,
}

/// Reads up to `limit` records from the beginning of `text`; `whole` says that nothing follows it.
pub(crate) fn sample(text: &[u8], whole: bool, dialect: &CsvDialect, limit: usize) -> Sample {
    let (scanner, reading) = (Scanner::new(dialect), Reading::new(dialect));
    let mut sample = Sample::default();
    let mut at = 0;
    while at < text.len() && sample.records.len() + sample.faults < limit {
        let mut record =
            Names { fields: Vec::new(), start: at, text, reading: &reading, scanner: &scanner };
        match scanner.scan(text, at, whole, &mut record) {
            Scanned::Record { next, .. } => {
                sample.records.push(record.fields);
                at = next;
            }
            Scanned::Nothing { next } => at = next,
            Scanned::Fault { next, .. } => {
                sample.faults += 1;
                at = next;
            }
            Scanned::Incomplete => break,
        }
    }
    sample
}
