//! Arrow values as JSON text: nested columns, and the raw text of rejected rows.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};

type Result<T = (), E = ArrowError> = std::result::Result<T, E>;

/// One value as JSON text.
pub(super) fn json_text(array: &ArrayRef, row: usize) -> Result<String> {
    let mut text = String::new();
    write_value(&mut text, array, row)?;
    Ok(text)
}

/// One row as a JSON object.
pub(super) fn row_text(batch: &RecordBatch, row: usize) -> Result<String> {
    let mut text = String::new();
    let names = batch.schema_ref().fields().iter().map(|field| field.name().as_str());
    write_object(&mut text, names.zip(batch.columns()), row)?;
    Ok(text)
}

fn write_value(text: &mut String, array: &ArrayRef, row: usize) -> Result {
    if array.logical_nulls().is_some_and(|nulls| nulls.is_null(row)) {
        text.push_str("null");
        return Ok(());
    }
    match array.data_type() {
        DataType::Struct(_) => {
            let fields = array.as_struct();
            write_object(text, fields.column_names().into_iter().zip(fields.columns()), row)
        }
        DataType::List(_) => write_list(text, &array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => write_list(text, &array.as_list::<i64>().value(row)),
        DataType::FixedSizeList(..) => write_list(text, &array.as_fixed_size_list().value(row)),
        DataType::Map(..) => write_map(text, array, row),
        kind => {
            let finite = !kind.is_floating() || is_finite(array, row)?;
            let shown = displayed(array, row)?;
            let literal = *kind == DataType::Boolean || (kind.is_numeric() && finite);
            text.push_str(&if literal { shown } else { quoted(&shown) });
            Ok(())
        }
    }
}

fn write_object<'a>(
    text: &mut String,
    fields: impl Iterator<Item = (&'a str, &'a ArrayRef)>,
    row: usize,
) -> Result {
    text.push('{');
    for (index, (name, array)) in fields.enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&quoted(name));
        text.push(':');
        write_value(text, array, row)?;
    }
    text.push('}');
    Ok(())
}

fn write_list(text: &mut String, items: &ArrayRef) -> Result {
    text.push('[');
    for row in 0..items.len() {
        if row > 0 {
            text.push(',');
        }
        write_value(text, items, row)?;
    }
    text.push(']');
    Ok(())
}

/// Keys of maps become keys of the object by their text.
fn write_map(text: &mut String, array: &ArrayRef, row: usize) -> Result {
    let entries = array.as_map().value(row);
    text.push('{');
    for entry in 0..entries.len() {
        if entry > 0 {
            text.push(',');
        }
        text.push_str(&quoted(&displayed(entries.column(0), entry)?));
        text.push(':');
        write_value(text, entries.column(1), entry)?;
    }
    text.push('}');
    Ok(())
}

fn is_finite(array: &ArrayRef, row: usize) -> Result<bool> {
    let shown = displayed(array, row)?;
    Ok(!shown.contains("inf") && !shown.contains("NaN"))
}

fn displayed(array: &ArrayRef, row: usize) -> Result<String> {
    let options = FormatOptions::default();
    ArrayFormatter::try_new(array, &options)?.value(row).try_to_string()
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
