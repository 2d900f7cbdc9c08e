//! Decoding a block of JSON lines.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use domain::Result;
use domain::column::Column;
use domain::rejected::{RejectReason, RejectedRow};
use memchr::memchr;
use serde_json::value::RawValue;

use super::super::Block;
use super::super::block::{NumberedBlock, assemble, mismatch};
use super::super::columns::{ColumnBuilder, builder};
use super::super::cut::TextBlock;
use super::super::schema::arrow_schema;
use super::super::values::field::Reading;
use super::{MAX_LINE, read_object};

/// Unknown keys that a block remembers; a file may use data as keys.
const MAX_UNKNOWN_KEYS: usize = 1000;

/// Everything that decoding the blocks of one file needs.
pub(in super::super) struct JsonPlan {
    columns: Arc<[Column]>,
    by_key: HashMap<String, usize>,
    schema: SchemaRef,
}

/// What has been read of a block.
struct Progress {
    builders: Vec<Box<dyn ColumnBuilder>>,
    rows: usize,
    bad_rows: Vec<usize>,
    rejected: Vec<RejectedRow>,
    unknown_keys: BTreeSet<String>,
}

impl JsonPlan {
    pub(in super::super) fn new(columns: Arc<[Column]>) -> Self {
        let by_key = columns.iter().enumerate();
        let by_key = by_key.map(|(index, column)| (column.source_name.clone(), index)).collect();
        Self { by_key, schema: arrow_schema(&columns), columns }
    }

    /// Decodes one block; lines are counted from its start.
    pub(in super::super) fn decode(&self, block: &TextBlock) -> Result<NumberedBlock> {
        let reading = Reading::default();
        let build = |(index, column)| builder(column, index, &reading);
        let mut progress = Progress {
            builders: self.columns.iter().enumerate().map(build).collect(),
            rows: 0,
            bad_rows: Vec::new(),
            rejected: Vec::new(),
            unknown_keys: BTreeSet::new(),
        };
        let (mut rest, mut lines) = (block.text(), 0);
        while !rest.is_empty() {
            let end = memchr(b'\n', rest);
            let (line, next) = rest.split_at(end.unwrap_or(rest.len()));
            self.read_line(line, lines + 1, &mut progress);
            lines += u64::from(end.is_some());
            rest = next.get(1..).unwrap_or_default();
        }
        let arrays: Result<Vec<_>> =
            progress.builders.into_iter().map(|builder| builder.finish()).collect();
        let batch = assemble(&self.schema, arrays?, progress.rows, &progress.bad_rows)?;
        let block = Block {
            rows_read: (batch.num_rows() + progress.rejected.len()) as u64,
            batch,
            rejected: progress.rejected,
            unknown_keys: progress.unknown_keys,
            bytes: block.text().len() as u64 + block.dropped,
        };
        Ok(NumberedBlock { block, lines })
    }

    fn read_line(&self, line: &[u8], number: u64, progress: &mut Progress) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.trim_ascii().is_empty() {
            return;
        }
        let mut values = vec![None; self.columns.len()];
        match self.values(line, &mut values, &mut progress.unknown_keys) {
            Ok(()) => self.append(line, number, &values, progress),
            Err((reason, detail)) => {
                progress.rejected.push(rejected(line, number, None, reason, detail));
            }
        }
    }

    /// The texts of the columns' values, the last one of a repeated key.
    fn values<'a>(
        &self,
        line: &'a [u8],
        values: &mut [Option<&'a RawValue>],
        unknown_keys: &mut BTreeSet<String>,
    ) -> std::result::Result<(), (RejectReason, String)> {
        if line.len() > MAX_LINE {
            let detail = format!("the line is longer than {MAX_LINE} bytes");
            return Err((RejectReason::TooLong, detail));
        }
        if simdutf8::basic::from_utf8(line).is_err() {
            return Err((RejectReason::BadEncoding, "the line is not UTF-8".to_owned()));
        }
        let mut unknown = BTreeSet::new();
        let wanted = |key: Cow<'a, str>| {
            let index = self.by_key.get(key.as_ref()).copied();
            if index.is_none() && unknown.len() < MAX_UNKNOWN_KEYS {
                unknown.insert(key);
            }
            index
        };
        read_object(line, wanted, |index: usize, value| values[index] = Some(value))
            .map_err(|error| (RejectReason::BadJson, format!("not a JSON object: {error}")))?;
        for key in unknown {
            if unknown_keys.len() < MAX_UNKNOWN_KEYS && !unknown_keys.contains(key.as_ref()) {
                unknown_keys.insert(key.into_owned());
            }
        }
        Ok(())
    }

    fn append(
        &self,
        line: &[u8],
        number: u64,
        values: &[Option<&RawValue>],
        progress: &mut Progress,
    ) {
        let mut fault = None;
        for (index, (builder, value)) in progress.builders.iter_mut().zip(values).enumerate() {
            let raw = value.map_or("null", RawValue::get);
            if let Err(reason) = append_value(builder.as_mut(), raw) {
                fault.get_or_insert((index, reason, raw));
            }
        }
        if let Some((index, reason, raw)) = fault {
            let column = &self.columns[index];
            let detail = mismatch(column, reason, raw.as_bytes());
            progress.rejected.push(rejected(line, number, Some(column), reason, detail));
            progress.bad_rows.push(progress.rows);
        }
        progress.rows += 1;
    }
}

/// Appends a JSON value: strings by their content, everything else by its literal text.
fn append_value(
    builder: &mut dyn ColumnBuilder,
    raw: &str,
) -> std::result::Result<(), RejectReason> {
    if raw == "null" {
        return builder.append_value(None, false);
    }
    if !raw.starts_with('"') {
        return builder.append_value(Some(raw.as_bytes()), false);
    }
    match text_of(raw) {
        Some(text) => builder.append_value(Some(text.as_bytes()), true),
        // Half of a surrogate pair is JSON, and no text.
        None => builder.append_value(Some(b"\xff"), true).and(Err(RejectReason::BadEncoding)),
    }
}

fn text_of(raw: &str) -> Option<Cow<'_, str>> {
    if raw.contains('\\') {
        return serde_json::from_str::<String>(raw).ok().map(Cow::Owned);
    }
    raw.get(1..raw.len() - 1).map(Cow::Borrowed)
}

fn rejected(
    line: &[u8],
    number: u64,
    column: Option<&Column>,
    reason: RejectReason,
    detail: String,
) -> RejectedRow {
    RejectedRow {
        line: number,
        column: column.map(|column| column.name.clone()),
        reason,
        detail,
        raw: line[..line.len().min(RejectedRow::MAX_RAW)].to_vec(),
    }
}
