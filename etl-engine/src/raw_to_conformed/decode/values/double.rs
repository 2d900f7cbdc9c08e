//! Doubles: the nearest one to the text; what would overflow to infinity does not fit.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array};
use arrow::buffer::NullBuffer;

use super::ValueType;
use super::number::{Separator, short_number, split_sign, with_decimal_point};

/// Both operands of the division are exact doubles, so that its result is correctly rounded.
const POWERS_OF_TEN: [f64; 8] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7];

const TWO_TO_52: f64 = 4_503_599_627_370_496.0;

/// The `double` type.
pub(in super::super) struct Double {
    decimal_comma: bool,
    separator: Separator,
}

impl Double {
    pub(in super::super) fn new(decimal_comma: bool) -> Self {
        Self { decimal_comma, separator: Separator::new(decimal_comma) }
    }
}

impl ValueType for Double {
    type Native = f64;

    #[inline(always)]
    fn quick(&self, padded: &[u8], start: usize, len: usize) -> Option<f64> {
        let (digits, fraction) = short_number(padded, start, len, self.separator)?;
        // 2^52 + digits is a double whose bits are known. A conversion instruction would depend on
        // the register that holds the previous division's result, and wait for it.
        let value = f64::from_bits(TWO_TO_52.to_bits() | digits) - TWO_TO_52;
        Some(value / POWERS_OF_TEN[fraction & 7])
    }

    fn parse(&self, text: &[u8]) -> Option<f64> {
        parse_double(&with_decimal_point(text, self.decimal_comma)?)
    }

    fn array(&self, values: Vec<f64>, nulls: Option<NullBuffer>) -> ArrayRef {
        Arc::new(Float64Array::new(values.into(), nulls))
    }
}

/// A double in decimal or scientific notation, or one of `NaN`, `Infinity`, `-Infinity`.
pub(in super::super) fn parse_double(text: &[u8]) -> Option<f64> {
    match text {
        b"NaN" => return Some(f64::NAN),
        b"Infinity" => return Some(f64::INFINITY),
        b"-Infinity" => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    let (negative, unsigned) = split_sign(text);
    if !unsigned.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.') {
        return None;
    }
    let value: f64 = fast_float2::parse(unsigned).ok()?;
    value.is_finite().then_some(if negative { -value } else { value })
}
