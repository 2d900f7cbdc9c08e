//! Cells of a result as text, and what kind of column they stand in.

use app::api::queries::{CellKind, ResultColumn};
use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{DataType, Schema, TimeUnit};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use domain::{Error, Result};

/// The columns of a result.
pub(super) fn columns(schema: &Schema) -> Vec<ResultColumn> {
    let column = |field: &std::sync::Arc<arrow::datatypes::Field>| ResultColumn {
        name: field.name().clone(),
        data_type: type_name(field.data_type()),
        kind: kind_of(field.data_type()),
    };
    schema.fields().iter().map(column).collect()
}

/// How a column's cells are shown.
pub(super) fn kind_of(data_type: &DataType) -> CellKind {
    match data_type {
        DataType::Boolean => CellKind::Boolean,
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => CellKind::Time,
        data_type if data_type.is_numeric() => CellKind::Number,
        data_type if data_type.is_nested() => CellKind::Nested,
        _ => CellKind::Text,
    }
}

/// The type in the words of the catalog where it has them.
fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "string".into(),
        DataType::Int64 => "bigint".into(),
        DataType::Int32 => "int".into(),
        DataType::Float64 => "double".into(),
        DataType::Float32 => "float".into(),
        DataType::Boolean => "boolean".into(),
        DataType::Date32 => "date".into(),
        DataType::Timestamp(TimeUnit::Microsecond, None) => "timestamp".into(),
        DataType::Decimal128(digits, places) => format!("decimal({digits},{places})"),
        DataType::Null => "null".into(),
        other => other.to_string().to_lowercase(),
    }
}

/// Formatters of a batch's columns.
pub(super) struct Cells<'a> {
    batch: &'a RecordBatch,
    formatters: Vec<ArrayFormatter<'a>>,
}

impl<'a> Cells<'a> {
    /// Of a batch.
    pub(super) fn of(batch: &'a RecordBatch) -> Result<Self> {
        const OPTIONS: FormatOptions<'static> = FormatOptions::new();
        let formatters = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &OPTIONS))
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(|error| Error::internal("a result cannot be shown").with_source(error))?;
        Ok(Self { batch, formatters })
    }

    /// A cell as text; `None` for no value.
    pub(super) fn text(&self, row: usize, column: usize) -> Option<String> {
        if self.batch.column(column).is_null(row) {
            return None;
        }
        // A value that cannot be written, as a time out of range, is shown as such.
        self.formatters[column]
            .value(row)
            .try_to_string()
            .map_or_else(|e| Some(e.to_string()), Some)
    }

    /// All cells of a row.
    pub(super) fn row(&self, row: usize) -> Vec<Option<String>> {
        (0..self.formatters.len()).map(|column| self.text(row, column)).collect()
    }
}
