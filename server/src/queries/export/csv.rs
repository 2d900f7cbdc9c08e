//! CSV by RFC 4180: a header, no value as an empty cell, empty text in quotes. Cells that a
//! spreadsheet would compute are defused (promise D17).

use std::io::Write;

use app::api::queries::CellKind;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use domain::Result;

use super::broken;
use crate::queries::cells::{Cells, columns};

/// Writes all rows.
pub(super) fn write(
    schema: &SchemaRef,
    batches: impl Iterator<Item = Result<RecordBatch>>,
    to: &mut impl Write,
) -> Result<()> {
    let columns = columns(schema);
    let names = columns.iter().map(|column| quoted(&column.name, false)).collect::<Vec<_>>();
    write!(to, "{}\r\n", names.join(",")).map_err(broken)?;
    for batch in batches {
        let batch = batch?;
        let cells = Cells::of(&batch)?;
        for row in 0..batch.num_rows() {
            let line = columns.iter().enumerate().map(|(at, column)| {
                let is_number = column.kind == CellKind::Number;
                cells.text(row, at).map_or_else(String::new, |cell| quoted(&cell, is_number))
            });
            write!(to, "{}\r\n", line.collect::<Vec<_>>().join(",")).map_err(broken)?;
        }
    }
    Ok(())
}

/// A cell, in quotes where it has to be. An apostrophe goes before what a spreadsheet would compute,
/// unless it is a number.
fn quoted(text: &str, is_number: bool) -> String {
    let is_number = is_number || text.parse::<f64>().is_ok_and(f64::is_finite);
    let computed = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number;
    let defuse = if computed { "'" } else { "" };
    let plain = !text.is_empty() && !text.contains([',', '"', '\r', '\n', ' ', '\t']) && !computed;
    match plain {
        true => text.to_owned(),
        false => format!("\"{defuse}{}\"", text.replace('"', "\"\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d17_formulas_are_defused_and_numbers_are_left_alone() {
        for formula in ["=1+1", "+SUM(A1)", "-cmd", "@x", "\t=1", "\r=1"] {
            assert!(quoted(formula, false).starts_with("\"'"), "{formula:?}");
        }
        assert_eq!(quoted("-1.5", false), "-1.5");
        assert_eq!(quoted("-1.5", true), "-1.5");
        assert_eq!(quoted("", false), "\"\"");
        assert_eq!(quoted("a \"b\", c", false), "\"a \"\"b\"\", c\"");
    }
}
