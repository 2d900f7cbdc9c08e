//! Rows as text, for people.

use arrow::array::{Array, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use domain::{Error, Result};

/// A row, one text for each column; `None` is NULL.
pub type TextRow = Vec<Option<String>>;

/// The rows of a batch as text.
pub fn text_rows(batch: &RecordBatch) -> Result<Vec<TextRow>> {
    let options = FormatOptions::default();
    let columns = batch.columns().iter();
    let formatters: Vec<_> = columns
        .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| Error::internal("rows cannot be shown as text").with_source(error))?;
    let cell = |column: usize, row: usize| {
        let is_null = batch.column(column).is_null(row);
        (!is_null).then(|| formatters[column].value(row).to_string())
    };
    let row = |row| (0..batch.num_columns()).map(|column| cell(column, row)).collect();
    Ok((0..batch.num_rows()).map(row).collect())
}
