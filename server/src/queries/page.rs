//! Some rows of a result, arranged as asked, within the bounds of one answer.

use std::collections::BTreeMap;

use app::api::queries::ResultRows;
use domain::Result;

use super::cells::{Cells, columns};
use super::result_file::ResultReader;

/// Longer cells are cut unless whole ones are asked for, in bytes.
const LONGEST_CELL: usize = 240;

/// Bytes of cells in one answer; at least one row is in it.
const MOST_BYTES: usize = 4 << 20;

/// The rows from `offset` on, `limit` of them or fewer. `order` holds row numbers when the result is
/// arranged.
pub(super) fn page(
    result: &mut ResultReader,
    order: Option<&[u32]>,
    offset: u64,
    limit: usize,
    whole: bool,
) -> Result<ResultRows> {
    let kept = result.rows();
    let total = order.map_or(kept, |order| order.len() as u64);
    let wanted: Vec<u64> = match order {
        None => (offset..total).take(limit).collect(),
        Some(order) => {
            let begin = usize::try_from(offset).unwrap_or(usize::MAX).min(order.len());
            order[begin..].iter().take(limit).map(|row| u64::from(*row)).collect()
        }
    };
    let mut answer = ResultRows {
        columns: columns(&result.schema),
        rows: Vec::with_capacity(wanted.len()),
        offset,
        total,
        kept,
        cut: Vec::new(),
    };
    let mut found = cells_of(result, &wanted)?;
    let mut bytes = 0;
    for row in wanted {
        let Some(mut cells) = found.remove(&row) else { continue };
        if !whole {
            cut(&mut cells, &mut answer);
        }
        bytes += cells.iter().flatten().map(String::len).sum::<usize>();
        if bytes > MOST_BYTES && !answer.rows.is_empty() {
            break;
        }
        answer.rows.push(cells);
    }
    Ok(answer)
}

/// The cells of rows, each piece read once.
fn cells_of(result: &mut ResultReader, rows: &[u64]) -> Result<BTreeMap<u64, Vec<Option<String>>>> {
    let mut by_piece: BTreeMap<usize, Vec<(u64, usize)>> = BTreeMap::new();
    for row in rows {
        let (piece, within) = result.place_of(*row);
        by_piece.entry(piece).or_default().push((*row, within));
    }
    let mut found = BTreeMap::new();
    for (piece, rows) in by_piece {
        let batch = result.piece(piece)?;
        let cells = Cells::of(&batch)?;
        let rows = rows.into_iter().filter(|(_, within)| *within < batch.num_rows());
        found.extend(rows.map(|(row, within)| (row, cells.row(within))));
    }
    Ok(found)
}

fn cut(cells: &mut [Option<String>], answer: &mut ResultRows) {
    let row = u32::try_from(answer.rows.len()).unwrap_or(u32::MAX);
    for (column, cell) in cells.iter_mut().enumerate() {
        let Some(text) = cell else { continue };
        if text.len() > LONGEST_CELL {
            text.truncate(text.floor_char_boundary(LONGEST_CELL));
            text.push('…');
            answer.cut.push((row, u32::try_from(column).unwrap_or(u32::MAX)));
        }
    }
}
