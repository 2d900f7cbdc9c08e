//! Text columns: fields copied as they are into one buffer.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use domain::rejected::RejectReason;
use domain::{Error, Result};

use super::validity::Validity;
use super::{ColumnBuilder, ESCAPED, Fault, Faults, PLACE, QUOTED, Tile};

/// Builds a text column.
pub(super) struct TextColumn {
    index: usize,
    required: bool,
    ends: Vec<i32>,
    text: Vec<u8>,
    validity: Validity,
}

impl TextColumn {
    pub(super) fn new(index: usize, required: bool) -> Self {
        Self { index, required, ends: vec![0], text: Vec::new(), validity: Validity::default() }
    }

    /// Appends a field's text; returns whether it is a value.
    #[inline]
    fn append_field(
        &mut self,
        tile: &Tile<'_>,
        field: &[u8],
        marks: u32,
    ) -> std::result::Result<bool, RejectReason> {
        let quoted = marks & QUOTED != 0;
        if !quoted && tile.reading.is_null(field) {
            return if self.required { Err(RejectReason::MissingValue) } else { Ok(false) };
        }
        if !tile.utf8 && simdutf8::basic::from_utf8(field).is_err() {
            return Err(RejectReason::BadEncoding);
        }
        if quoted {
            self.text.extend_from_slice(&tile.reading.unquoted(field, marks & ESCAPED != 0));
        } else {
            self.text.extend_from_slice(field);
        }
        Ok(true)
    }

    fn end_value(&mut self) {
        // A block is far smaller than 2 GiB; a text that is not fails in `finish`.
        self.ends.push(i32::try_from(self.text.len()).unwrap_or(i32::MAX));
    }
}

impl ColumnBuilder for TextColumn {
    fn append_tile(&mut self, tile: &Tile<'_>, field: usize, faults: &mut Faults) {
        let stride = tile.fields + 1;
        let delimiter = u32::from(field > 0);
        self.ends.reserve(tile.rows());
        for (word, places) in tile.words().enumerate() {
            let mut valid = 0_u64;
            for (bit, record) in places.chunks_exact(stride).enumerate() {
                let start = ((record[field] & PLACE) + delimiter) as usize;
                let end = record[field + 1];
                let text = &tile.padded[start..(end & PLACE) as usize];
                match self.append_field(tile, text, end & !PLACE) {
                    Ok(value) => valid |= u64::from(value) << bit,
                    Err(reason) => {
                        let row = word * 64 + bit;
                        faults.0.push(Fault { row, column: self.index, reason });
                    }
                }
                self.end_value();
            }
            self.validity.append_word(valid, places.len() / stride);
        }
    }

    fn append_value(
        &mut self,
        value: Option<&[u8]>,
        quoted: bool,
    ) -> std::result::Result<(), RejectReason> {
        let value = value.filter(|text| quoted || !text.is_empty());
        let valid = value.is_none_or(|text| simdutf8::basic::from_utf8(text).is_ok());
        let kept = value.filter(|_| valid);
        self.text.extend_from_slice(kept.unwrap_or_default());
        self.end_value();
        self.validity.append_word(u64::from(kept.is_some()), 1);
        match value {
            _ if !valid => Err(RejectReason::BadEncoding),
            None if self.required => Err(RejectReason::MissingValue),
            _ => Ok(()),
        }
    }

    fn append_nulls(&mut self, rows: usize) {
        let end = self.ends.last().copied().unwrap_or_default();
        self.ends.resize(self.ends.len() + rows, end);
        self.validity.append_nulls(rows);
    }

    fn reserve(&mut self, rows: usize) {
        let seen = self.ends.len().max(1);
        self.text.reserve(self.text.len() / seen * rows);
        self.ends.reserve(rows);
    }

    fn finish(self: Box<Self>) -> Result<ArrayRef> {
        if i32::try_from(self.text.len()).is_err() {
            return Err(Error::invalid("a block of text is larger than 2 GiB: use smaller blocks"));
        }
        let ends = OffsetBuffer::new(ScalarBuffer::from(self.ends));
        let text = Buffer::from_vec(self.text);
        let array = StringArray::try_new(ends, text, self.validity.finish());
        array.map(|array| Arc::new(array) as ArrayRef).map_err(|error| {
            Error::internal(format!("a text column is not valid: {error}")).with_source(error)
        })
    }
}
