//! What decoding hands out: a batch of rows that fit and the rows that do not.

use std::collections::BTreeSet;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::compute::FilterBuilder;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use domain::column::Column;
use domain::rejected::{RejectReason, RejectedRow};
use domain::{Error, Result};

/// Most characters of a value that a rejection quotes.
const QUOTED_CHARACTERS: usize = 80;

/// A stretch of the file, decoded.
#[derive(Debug, Clone)]
pub struct Block {
    /// The rows that fit: one Arrow field per pinned column, in order.
    pub batch: RecordBatch,
    /// The rows that do not, by line of the file.
    pub rejected: Vec<RejectedRow>,
    /// Rows read: those in the batch and those rejected.
    pub rows_read: u64,
    /// JSON lines: keys that no column reads.
    pub unknown_keys: BTreeSet<String>,
    /// Decompressed bytes (for Parquet, bytes of the decoded columns).
    pub bytes: u64,
}

/// A block whose lines are counted from its own start.
pub(super) struct NumberedBlock {
    pub(super) block: Block,
    /// Physical lines in it.
    pub(super) lines: u64,
}

impl NumberedBlock {
    /// The block with lines of the file; `before` counts the lines of the blocks so far.
    pub(super) fn after(mut self, before: &mut u64) -> Block {
        for rejected in &mut self.block.rejected {
            rejected.line += *before;
        }
        *before += self.lines;
        self.block
    }
}

/// A batch of `arrays` without the rows in `bad` (ascending).
pub(super) fn assemble(
    schema: &SchemaRef,
    mut arrays: Vec<ArrayRef>,
    rows: usize,
    bad: &[usize],
) -> Result<RecordBatch> {
    let fault = |error| Error::internal(format!("cannot build a batch: {error}"));
    if !bad.is_empty() {
        let mut keep = vec![true; rows];
        for row in bad {
            keep[*row] = false;
        }
        let filter = FilterBuilder::new(&BooleanArray::from(keep)).optimize().build();
        for array in &mut arrays {
            *array = filter.filter(array).map_err(fault)?;
        }
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows - bad.len()));
    RecordBatch::try_new_with_options(schema.clone(), arrays, &options).map_err(fault)
}

/// Why `text` does not fit `column`, in words.
pub(super) fn mismatch(column: &Column, reason: RejectReason, text: &[u8]) -> String {
    let name = &column.name;
    if reason == RejectReason::MissingValue {
        return format!("column {name}: no value, and it may not be empty");
    }
    let lossy = String::from_utf8_lossy(text);
    let mut shown: String = lossy.chars().take(QUOTED_CHARACTERS).collect();
    if shown.len() < lossy.len() {
        shown.push('…');
    }
    if reason == RejectReason::BadEncoding {
        return format!("column {name}: {shown:?} is not UTF-8");
    }
    let format = column.format.as_ref().map(|format| format!(" written {format}"));
    let article = if column.column_type.to_string().starts_with("int") { "an" } else { "a" };
    format!(
        "column {name}: {shown:?} is not {article} {}{}",
        column.column_type,
        format.unwrap_or_default()
    )
}
