//! Booleans: true/false, t/f, yes/no, y/n, 1/0 in any case.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};

use super::ValueType;

/// The boolean type.
pub(in super::super) struct Boolean;

impl ValueType for Boolean {
    type Native = bool;

    fn quick(&self, _: &[u8], _: usize, _: usize) -> Option<bool> {
        None
    }

    fn parse(&self, text: &[u8]) -> Option<bool> {
        let is = |word: &&[u8]| text.eq_ignore_ascii_case(word);
        if [b"1".as_slice(), b"t", b"y", b"true", b"yes"].iter().any(is) {
            return Some(true);
        }
        [b"0".as_slice(), b"f", b"n", b"false", b"no"].iter().any(is).then_some(false)
    }

    fn array(&self, values: Vec<bool>, nulls: Option<NullBuffer>) -> ArrayRef {
        Arc::new(BooleanArray::new(BooleanBuffer::from(values), nulls))
    }
}
