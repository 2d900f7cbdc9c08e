//! An Excel workbook with one sheet. Texts are written as texts, so that nothing is computed.

use std::io::{Seek, Write};

use app::api::queries::CellKind;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use domain::{Error, Result};
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

use crate::queries::cells::{Cells, columns};

/// What a cell of a workbook may hold, in characters.
const LONGEST_CELL: usize = 32_767;

/// What a sheet may hold.
const MOST_COLUMNS: usize = 16_384;
const MOST_ROWS: u32 = 1_048_576;

/// Numbers with more digits would be rounded.
const DIGITS: usize = 15;

/// Writes all rows below a bold header that stays in sight.
pub(super) fn write(
    schema: &SchemaRef,
    batches: impl Iterator<Item = Result<RecordBatch>>,
    to: impl Write + Seek + Send,
) -> Result<()> {
    let columns = columns(schema);
    if columns.len() > MOST_COLUMNS {
        return Err(Error::invalid(format!("a sheet has {MOST_COLUMNS} columns at most")));
    }
    let mut workbook = Workbook::new();
    // Rows go to disk as they come.
    let sheet = workbook.add_worksheet_with_constant_memory().map_err(unwritable)?;
    let bold = Format::new().set_bold();
    sheet.set_freeze_panes(1, 0).map_err(unwritable)?;
    for (at, column) in (0_u16..).zip(&columns) {
        sheet.write_string_with_format(0, at, &column.name, &bold).map_err(unwritable)?;
    }
    let mut line = 1;
    for batch in batches {
        let batch = batch?;
        let cells = Cells::of(&batch)?;
        for row in 0..batch.num_rows() {
            if line >= MOST_ROWS {
                return Err(Error::invalid(format!("a sheet has {MOST_ROWS} rows at most")));
            }
            for (at, column) in (0_u16..).zip(&columns) {
                if let Some(text) = cells.text(row, at.into()) {
                    write_cell(sheet, (line, at), column.kind, text)?;
                }
            }
            line += 1;
        }
    }
    workbook.save_to_writer(to).map_err(unwritable)
}

fn write_cell(
    sheet: &mut Worksheet,
    (line, at): (u32, u16),
    kind: CellKind,
    text: String,
) -> Result<()> {
    let number = match kind {
        CellKind::Number if text.chars().filter(char::is_ascii_digit).count() <= DIGITS => {
            text.parse::<f64>().ok().filter(|number| number.is_finite())
        }
        _ => None,
    };
    let written = match (number, kind) {
        (Some(number), _) => sheet.write_number(line, at, number),
        (None, CellKind::Boolean) => sheet.write_boolean(line, at, text == "true"),
        (None, _) => sheet.write_string(line, at, shortened(text)),
    };
    written.map(drop).map_err(unwritable)
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(LONGEST_CELL) {
        None => text,
        Some((end, _)) => {
            let cut: String = text[..end].chars().take(LONGEST_CELL - 1).collect();
            format!("{cut}…")
        }
    }
}

fn unwritable(error: XlsxError) -> Error {
    Error::internal("the workbook cannot be written").with_source(error)
}
