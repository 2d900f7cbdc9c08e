//! Exact decimals: more digits than the type has fit only when they are zeros.

use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;

use super::ValueType;
use super::number::{Separator, short_number, split_point, split_sign, with_decimal_point};

/// The `decimal(precision,scale)` type.
pub(in super::super) struct Decimal {
    precision: u8,
    scale: u8,
    bound: i128,
    decimal_comma: bool,
    separator: Separator,
}

impl Decimal {
    pub(in super::super) fn new(precision: u8, scale: u8, decimal_comma: bool) -> Self {
        let bound = 10_i128.saturating_pow(u32::from(precision));
        let separator = Separator::new(decimal_comma);
        Self { precision, scale, bound, decimal_comma, separator }
    }

    fn parse_plain(&self, text: &[u8]) -> Option<i128> {
        let (negative, unsigned) = split_sign(text);
        let (whole, fraction) = split_point(unsigned)?;
        let kept = fraction.len().min(usize::from(self.scale));
        if fraction[kept..].iter().any(|digit| *digit != b'0') {
            return None;
        }
        let zeros = usize::from(self.scale) - kept;
        let digits = whole.iter().chain(&fraction[..kept]).map(|digit| digit - b'0');
        let mut value = 0_i128;
        for digit in digits.chain(std::iter::repeat_n(0, zeros)) {
            value = value.checked_mul(10)?.checked_add(i128::from(digit))?;
        }
        (value < self.bound).then_some(if negative { -value } else { value })
    }
}

impl ValueType for Decimal {
    type Native = i128;

    #[inline(always)]
    fn quick(&self, padded: &[u8], start: usize, len: usize) -> Option<i128> {
        let (digits, fraction) = short_number(padded, start, len, self.separator)?;
        let missing = usize::from(self.scale).checked_sub(fraction)?;
        let value = i128::from(digits).checked_mul(10_i128.checked_pow(missing as u32)?)?;
        (value < self.bound).then_some(value)
    }

    fn parse(&self, text: &[u8]) -> Option<i128> {
        self.parse_plain(&with_decimal_point(text, self.decimal_comma)?)
    }

    fn array(&self, values: Vec<i128>, nulls: Option<NullBuffer>) -> ArrayRef {
        let scale = i8::try_from(self.scale).unwrap_or(i8::MAX);
        let data_type = DataType::Decimal128(self.precision, scale);
        Arc::new(Decimal128Array::new(values.into(), nulls).with_data_type(data_type))
    }
}
