//! JSON: one list of objects. Numbers and flags as such, times and everything else as text.

use std::io::Write;

use app::api::queries::{CellKind, ResultColumn};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use domain::{Error, Result};
use serde_json::Value;

use super::broken;
use crate::queries::cells::{Cells, columns};

/// Writes all rows, one to a line. Of columns with the same name the later get a number.
pub(super) fn write(
    schema: &SchemaRef,
    batches: impl Iterator<Item = Result<RecordBatch>>,
    to: &mut impl Write,
) -> Result<()> {
    let columns = columns(schema);
    let names = names(&columns)?;
    to.write_all(b"[").map_err(broken)?;
    let mut between = "\n";
    for batch in batches {
        let batch = batch?;
        let cells = Cells::of(&batch)?;
        for row in 0..batch.num_rows() {
            let fields = columns.iter().enumerate().map(|(at, column)| {
                format!("{}:{}", names[at], value(column.kind, cells.text(row, at)))
            });
            let fields = fields.collect::<Vec<_>>().join(",");
            write!(to, "{between}{{{fields}}}").map_err(broken)?;
            between = ",\n";
        }
    }
    to.write_all(b"\n]\n").map_err(broken)
}

/// The names as JSON, each once.
fn names(columns: &[ResultColumn]) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::with_capacity(columns.len());
    for column in columns {
        let mut name = column.name.clone();
        let mut number = 2;
        while names.contains(&name) {
            name = format!("{}_{number}", column.name);
            number += 1;
        }
        names.push(name);
    }
    let quoted = names.iter().map(|name| {
        serde_json::to_string(name).map_err(|error| Error::internal(error.to_string()))
    });
    quoted.collect()
}

fn value(kind: CellKind, text: Option<String>) -> Value {
    let Some(text) = text else { return Value::Null };
    match kind {
        // The text of a number is kept to the digit, unless JSON has no such number.
        CellKind::Number | CellKind::Boolean => {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
        CellKind::Time | CellKind::Text | CellKind::Nested => Value::String(text),
    }
}
