//! The rows of a result in another order, batch by batch.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use domain::{Error, Result};

use crate::queries::result_file::ResultReader;

/// Rows of a batch. Each batch reads the pieces that hold its rows, so that larger ones read less.
const ROWS_OF_BATCH: usize = 16_384;

/// The rows with these numbers, in this order.
pub(super) fn batches(
    result: &mut ResultReader,
    order: Arc<Vec<u32>>,
) -> impl Iterator<Item = Result<RecordBatch>> + '_ {
    (0..order.len().div_ceil(ROWS_OF_BATCH)).map(move |batch| {
        let begin = batch * ROWS_OF_BATCH;
        let end = order.len().min(begin + ROWS_OF_BATCH);
        gathered(result, order.get(begin..end).unwrap_or_default())
    })
}

fn gathered(result: &mut ResultReader, rows: &[u32]) -> Result<RecordBatch> {
    // For each piece, which of its rows go to which places of the batch.
    let mut by_piece: BTreeMap<usize, (Vec<u32>, Vec<u32>)> = BTreeMap::new();
    for (place, row) in (0..).zip(rows) {
        let (piece, within) = result.place_of(u64::from(*row));
        let (from, to) = by_piece.entry(piece).or_default();
        from.push(u32::try_from(within).unwrap_or(u32::MAX));
        to.push(place);
    }
    let (mut parts, mut places) =
        (Vec::with_capacity(by_piece.len()), Vec::with_capacity(rows.len()));
    for (piece, (from, to)) in by_piece {
        let piece = result.piece(piece)?;
        parts.push(take_record_batch(&piece, &UInt32Array::from(from)).map_err(unarranged)?);
        places.extend(to);
    }
    let together = concat_batches(&result.schema, &parts).map_err(unarranged)?;
    let mut back = vec![0; places.len()];
    for (at, place) in (0..).zip(places) {
        if let Some(back) = back.get_mut(place as usize) {
            *back = at;
        }
    }
    take_record_batch(&together, &UInt32Array::from(back)).map_err(unarranged)
}

fn unarranged(error: arrow::error::ArrowError) -> Error {
    Error::internal("a result cannot be arranged").with_source(error)
}
