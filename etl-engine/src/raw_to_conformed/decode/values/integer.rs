//! Integers: digits with a sign; a fraction of zeros loses nothing and fits.

use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::{ArrayRef, PrimitiveArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{ArrowPrimitiveType, Int32Type, Int64Type};

use super::ValueType;
use super::number::{short_digits, split_point, split_sign, with_decimal_point};

/// 32-bit or 64-bit integers.
pub(in super::super) struct Integer<T> {
    decimal_comma: bool,
    width: PhantomData<T>,
}

/// The `int` type.
pub(in super::super) type Int = Integer<Int32Type>;

/// The `bigint` type.
pub(in super::super) type BigInt = Integer<Int64Type>;

impl<T> Integer<T> {
    pub(in super::super) fn new(decimal_comma: bool) -> Self {
        Self { decimal_comma, width: PhantomData }
    }
}

impl<T> ValueType for Integer<T>
where
    T: ArrowPrimitiveType + Send,
    T::Native: TryFrom<i64> + Send,
{
    type Native = T::Native;

    #[inline(always)]
    fn quick(&self, padded: &[u8], start: usize, len: usize) -> Option<T::Native> {
        // Eight digits fit into every integer type.
        let value = short_digits(padded, start, len)?;
        T::Native::try_from(i64::try_from(value).ok()?).ok()
    }

    fn parse(&self, text: &[u8]) -> Option<T::Native> {
        let text = with_decimal_point(text, self.decimal_comma)?;
        T::Native::try_from(parse_integer(&text)?).ok()
    }

    fn array(&self, values: Vec<T::Native>, nulls: Option<NullBuffer>) -> ArrayRef {
        Arc::new(PrimitiveArray::<T>::new(values.into(), nulls))
    }
}

/// An integer, possibly written with a fraction of zeros.
pub(in super::super) fn parse_integer(text: &[u8]) -> Option<i64> {
    let (negative, unsigned) = split_sign(text);
    let (whole, fraction) = split_point(unsigned)?;
    if fraction.iter().any(|digit| *digit != b'0') {
        return None;
    }
    // Counted downwards, because the least number has no positive twin.
    let mut value = 0_i64;
    for digit in whole {
        value = value.checked_mul(10)?.checked_sub(i64::from(digit - b'0'))?;
    }
    if negative { Some(value) } else { value.checked_neg() }
}
