//! Which rows of a column have a value.

use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer};

/// One bit a row, set where there is a value.
#[derive(Debug, Default)]
pub(super) struct Validity {
    words: Vec<u64>,
    rows: usize,
}

impl Validity {
    /// Appends `rows` (at most 64) bits from the lowest one up.
    #[inline]
    pub(super) fn append_word(&mut self, bits: u64, rows: usize) {
        let used = self.rows % 64;
        if used == 0 {
            self.words.push(bits);
        } else {
            if let Some(last) = self.words.last_mut() {
                *last |= bits << used;
            }
            if used + rows > 64 {
                self.words.push(bits >> (64 - used));
            }
        }
        self.rows += rows;
    }

    /// Appends rows that all have no value.
    pub(super) fn append_nulls(&mut self, rows: usize) {
        self.rows += rows;
        self.words.resize(self.rows.div_ceil(64), 0);
    }

    /// The bits for Arrow; `None` when every row has a value.
    pub(super) fn finish(self) -> Option<NullBuffer> {
        let bits = BooleanBuffer::new(Buffer::from_vec(self.words), 0, self.rows);
        let nulls = NullBuffer::new(bits);
        (nulls.null_count() > 0).then_some(nulls)
    }
}
