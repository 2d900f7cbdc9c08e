//! Columns whose values are parsed: all types but text.

use arrow::array::ArrayRef;
use domain::Result;
use domain::rejected::RejectReason;

use super::super::values::ValueType;
use super::super::values::field::trimmed;
use super::validity::Validity;
use super::{ColumnBuilder, ESCAPED, Fault, Faults, PLACE, QUOTED, Tile};

/// Builds a column of one value type.
pub(super) struct TypedColumn<T: ValueType> {
    value_type: T,
    index: usize,
    required: bool,
    /// Nulls are looked for before values.
    careful: bool,
    values: Vec<T::Native>,
    validity: Validity,
}

impl<T: ValueType> TypedColumn<T> {
    pub(super) fn new(value_type: T, index: usize, required: bool, careful: bool) -> Self {
        let (values, validity) = (Vec::new(), Validity::default());
        Self { value_type, index, required, careful, values, validity }
    }

    /// Any field, in any form. `Ok(None)` is a null that may be.
    #[inline(never)]
    fn read(
        &self,
        tile: &Tile<'_>,
        start: usize,
        end: u32,
    ) -> std::result::Result<Option<T::Native>, RejectReason> {
        let field = &tile.padded[start..(end & PLACE) as usize];
        let quoted = end & QUOTED != 0;
        if end & !PLACE == QUOTED {
            let quick = self.value_type.quick(tile.padded, start + 1, field.len().wrapping_sub(2));
            if quick.is_some() {
                return Ok(quick);
            }
        }
        let unquoted;
        let mut text = field;
        if quoted {
            unquoted = tile.reading.unquoted(field, end & ESCAPED != 0);
            text = &unquoted;
        }
        let text = trimmed(text);
        if text.is_empty() || (!quoted && tile.reading.is_null(text)) {
            return self.null();
        }
        self.value_type.parse(text).map(Some).ok_or(RejectReason::TypeMismatch)
    }

    fn null(&self) -> std::result::Result<Option<T::Native>, RejectReason> {
        if self.required { Err(RejectReason::MissingValue) } else { Ok(None) }
    }
}

impl<T: ValueType> ColumnBuilder for TypedColumn<T> {
    fn append_tile(&mut self, tile: &Tile<'_>, field: usize, faults: &mut Faults) {
        let stride = tile.fields + 1;
        // Behind the first field's start stands no delimiter.
        let delimiter = u32::from(field > 0);
        // Taken out, so that the compiler knows that nothing else changes them.
        let mut values = std::mem::take(&mut self.values);
        let first = values.len();
        values.resize(first + tile.rows(), T::Native::default());
        let slots = values[first..].chunks_mut(64);
        for (word, (places, slots)) in tile.words().zip(slots).enumerate() {
            let mut valid = 0_u64;
            for (bit, (record, slot)) in places.chunks_exact(stride).zip(slots).enumerate() {
                let start = ((record[field] & PLACE) + delimiter) as usize;
                let end = record[field + 1];
                // Marks make the length of a quoted field too great for the quick way.
                let len = (end as usize).wrapping_sub(start);
                let quick = match self.careful {
                    true => None,
                    false => self.value_type.quick(tile.padded, start, len),
                };
                if let Some(value) = quick {
                    *slot = value;
                    valid |= 1 << bit;
                } else if len != 0 || self.required {
                    match self.read(tile, start, end) {
                        Ok(None) => {}
                        Ok(Some(value)) => {
                            *slot = value;
                            valid |= 1 << bit;
                        }
                        Err(reason) => {
                            let row = word * 64 + bit;
                            faults.0.push(Fault { row, column: self.index, reason });
                        }
                    }
                }
            }
            self.validity.append_word(valid, places.len() / stride);
        }
        self.values = values;
    }

    fn append_value(
        &mut self,
        value: Option<&[u8]>,
        _quoted: bool,
    ) -> std::result::Result<(), RejectReason> {
        let read = match value.map(trimmed) {
            None | Some([]) => self.null(),
            Some(text) => self.value_type.parse(text).map(Some).ok_or(RejectReason::TypeMismatch),
        };
        let kept = read.as_ref().ok().copied().flatten();
        self.values.push(kept.unwrap_or_default());
        self.validity.append_word(u64::from(kept.is_some()), 1);
        read.map(|_| ())
    }

    fn append_nulls(&mut self, rows: usize) {
        self.values.resize(self.values.len() + rows, T::Native::default());
        self.validity.append_nulls(rows);
    }

    fn reserve(&mut self, rows: usize) {
        self.values.reserve(rows);
    }

    fn finish(self: Box<Self>) -> Result<ArrayRef> {
        Ok(self.value_type.array(self.values, self.validity.finish()))
    }
}
