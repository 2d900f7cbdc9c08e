//! Bringing the columns of a batch to their pinned types.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, RecordBatch, StringBuilder, new_null_array,
};
use arrow::compute::kernels::cmp::not_distinct;
use arrow::compute::{CastOptions, can_cast_types, cast_with_options};
use arrow::datatypes::{DataType, Float64Type, SchemaRef};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use domain::column::{Column, ColumnType};
use domain::rejected::{RejectReason, RejectedRow};
use domain::{Error, Result};

use super::super::Block;
use super::super::block::{assemble, mismatch};
use super::super::columns::builder;
use super::super::schema::arrow_schema;
use super::super::values::field::Reading;
use super::json_text::{json_text, row_text};
use crate::column_types::arrow_type;

/// Values that do not fit become nulls.
const SAFE: CastOptions<'static> = CastOptions { safe: true, format_options: FormatOptions::new() };

/// A batch as it stands in the file.
pub(super) struct Rows {
    pub(super) batch: RecordBatch,
    /// Number of its first row in the file, from 1.
    pub(super) first: u64,
}

/// Everything that decoding the batches of one file needs.
pub(super) struct ParquetPlan {
    columns: Arc<[Column]>,
    /// For each field of a batch the column that it fills.
    targets: Vec<usize>,
    schema: SchemaRef,
}

/// A value that does not fit.
struct Fault {
    row: usize,
    column: usize,
    reason: RejectReason,
}

impl ParquetPlan {
    pub(super) fn new(columns: Arc<[Column]>, targets: Vec<usize>) -> Self {
        Self { schema: arrow_schema(&columns), columns, targets }
    }

    /// Brings one batch to the pinned types.
    pub(super) fn decode(&self, rows: &Rows) -> Result<Block> {
        let batch = &rows.batch;
        let mut faults = Vec::new();
        let mut arrays = Vec::with_capacity(self.columns.len());
        for (index, column) in self.columns.iter().enumerate() {
            let source = self.source(batch, index);
            let mut array = match source {
                Some(source) => converted(source, column).map_err(impossible)?,
                None => new_null_array(&arrow_type(column.column_type), batch.num_rows()),
            };
            self.find_faults(index, source, &array, &mut faults);
            if array.data_type() != &arrow_type(column.column_type) {
                array = new_null_array(&arrow_type(column.column_type), batch.num_rows());
            }
            arrays.push(array);
        }
        // The first fault of each row by column order; columns were visited in order.
        faults.sort_by_key(|fault: &Fault| fault.row);
        faults.dedup_by_key(|fault| fault.row);
        let bad: Vec<_> = faults.iter().map(|fault| fault.row).collect();
        let assembled = assemble(&self.schema, arrays, batch.num_rows(), &bad)?;
        let rejected: Result<Vec<_>> =
            faults.iter().map(|fault| self.rejected(rows, fault)).collect();
        Ok(Block {
            batch: assembled,
            rejected: rejected?,
            rows_read: batch.num_rows() as u64,
            unknown_keys: BTreeSet::new(),
            bytes: batch.get_array_memory_size() as u64,
        })
    }

    fn source<'a>(&self, batch: &'a RecordBatch, column: usize) -> Option<&'a ArrayRef> {
        let field = self.targets.iter().position(|target| *target == column)?;
        batch.columns().get(field)
    }

    /// Adds the rows where a value is missing that must be there, or was lost.
    fn find_faults(
        &self,
        column: usize,
        source: Option<&ArrayRef>,
        array: &ArrayRef,
        faults: &mut Vec<Fault>,
    ) {
        let required = !self.columns[column].nullable;
        if array.null_count() == 0 {
            return;
        }
        // Everything has a text, but not all bytes are text.
        let lost = match self.columns[column].column_type {
            ColumnType::String => RejectReason::BadEncoding,
            _ => RejectReason::TypeMismatch,
        };
        let present = source.and_then(|source| source.logical_nulls());
        for row in (0..array.len()).filter(|row| array.is_null(*row)) {
            let missing = source.is_none() || present.as_ref().is_some_and(|set| set.is_null(row));
            if !missing {
                faults.push(Fault { row, column, reason: lost });
            } else if required {
                faults.push(Fault { row, column, reason: RejectReason::MissingValue });
            }
        }
    }

    fn rejected(&self, rows: &Rows, fault: &Fault) -> Result<RejectedRow> {
        let column = &self.columns[fault.column];
        let shown = match self.source(&rows.batch, fault.column) {
            Some(source) => {
                let options = FormatOptions::default();
                let formatter = ArrayFormatter::try_new(source, &options).map_err(impossible)?;
                formatter.value(fault.row).try_to_string().unwrap_or_default()
            }
            None => String::new(),
        };
        let mut raw = row_text(&rows.batch, fault.row).map_err(impossible)?.into_bytes();
        raw.truncate(RejectedRow::MAX_RAW);
        Ok(RejectedRow {
            line: rows.first + fault.row as u64,
            column: Some(column.name.clone()),
            reason: fault.reason,
            detail: mismatch(column, fault.reason, shown.as_bytes()),
            raw,
        })
    }
}

/// `source` in the type of `column`, with nulls where a value does not fit without loss.
fn converted(source: &ArrayRef, column: &Column) -> Result<ArrayRef, ArrowError> {
    let target = arrow_type(column.column_type);
    match source.data_type() {
        same if *same == target => Ok(source.clone()),
        DataType::Null => Ok(new_null_array(&target, source.len())),
        DataType::Dictionary(_, values) => {
            converted(&cast_with_options(source, values, &SAFE)?, column)
        }
        DataType::RunEndEncoded(_, values) => {
            converted(&cast_with_options(source, values.data_type(), &SAFE)?, column)
        }
        // The values are UTC whatever the zone.
        DataType::Timestamp(unit, Some(_)) => {
            converted(&cast_with_options(source, &DataType::Timestamp(*unit, None), &SAFE)?, column)
        }
        nested if nested.is_nested() && target == DataType::Utf8 => nested_as_text(source),
        text if text.is_string() || text.is_binary() || text.is_null() => parsed(source, column),
        from if sensible(from, &target) => cast_without_loss(source, column.column_type, &target),
        _ => Ok(new_null_array(&target, source.len())),
    }
}

/// Text (or bytes that are text) read as CSV and JSON lines read it.
fn parsed(source: &ArrayRef, column: &Column) -> Result<ArrayRef, ArrowError> {
    let bytes = cast_with_options(source, &DataType::LargeBinary, &SAFE)?;
    let bytes = bytes.as_binary::<i64>();
    // Faults are found by comparing nulls, required values too.
    let nullable = Column { nullable: true, ..column.clone() };
    let mut builder = builder(&nullable, 0, &Reading::default());
    for value in bytes {
        // A value that does not fit leaves a null.
        let _ = builder.append_value(value, true);
    }
    builder.finish().map_err(|error| ArrowError::ExternalError(Box::new(error)))
}

fn nested_as_text(source: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let mut texts = StringBuilder::new();
    for row in 0..source.len() {
        if source.is_null(row) {
            texts.append_null();
        } else {
            texts.append_value(json_text(source, row)?);
        }
    }
    Ok(Arc::new(texts.finish()))
}

/// Whether a value of one type can mean one of the other. A number is no date, whatever Arrow's
/// casts make of it.
fn sensible(from: &DataType, to: &DataType) -> bool {
    let number = |kind: &DataType| kind.is_numeric();
    let time = |kind: &DataType| {
        matches!(kind, DataType::Timestamp(..) | DataType::Date32 | DataType::Date64)
    };
    let possible = match to {
        DataType::Utf8 => true,
        DataType::Boolean => from.is_integer(),
        to if number(to) => number(from),
        _ => time(from),
    };
    possible && can_cast_types(from, to)
}

/// Casts, and casts back to see whether all is still there.
fn cast_without_loss(
    source: &ArrayRef,
    column_type: ColumnType,
    target: &DataType,
) -> Result<ArrayRef, ArrowError> {
    // Minus zero and zero are the same number, and not the same bits.
    let plain_zeros = match source.data_type() {
        kind if kind.is_floating() && column_type != ColumnType::Double => {
            let doubles = cast_with_options(source, &DataType::Float64, &SAFE)?;
            let doubles: Float64Array =
                doubles.as_primitive::<Float64Type>().unary(|value| value + 0.0);
            Arc::new(doubles) as ArrayRef
        }
        _ => source.clone(),
    };
    let cast = cast_with_options(&plain_zeros, target, &SAFE)?;
    let exact_by_nature = *target == DataType::Utf8
        || (column_type == ColumnType::Double && source.data_type().is_decimal());
    if exact_by_nature {
        return Ok(cast);
    }
    let back = cast_with_options(&cast, plain_zeros.data_type(), &SAFE)?;
    let same = not_distinct(&back, &plain_zeros)?;
    arrow::compute::nullif(&cast, &arrow::compute::not(&same)?)
}

fn impossible(error: ArrowError) -> Error {
    Error::invalid(format!("the file cannot be brought to its pinned types: {error}"))
        .with_source(error)
}
