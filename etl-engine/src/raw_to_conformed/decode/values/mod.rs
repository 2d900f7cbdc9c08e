//! Values: text to the pinned types, without loss or not at all.

pub(super) mod boolean;
pub(super) mod civil;
pub(super) mod decimal;
pub(super) mod double;
pub(super) mod field;
pub(super) mod integer;
pub(super) mod number;
pub(super) mod temporal;
pub(crate) mod written;

use arrow::array::ArrayRef;
use arrow::buffer::NullBuffer;
use domain::column::ColumnType;

use self::field::trimmed;

/// Reads the values of one type from text.
pub(super) trait ValueType: Send + 'static {
    /// What a value becomes.
    type Native: Copy + Default + Send;

    /// The value of the usual form of `len` bytes at `start`, quickly; `None` sends it to
    /// [`ValueType::parse`]. Bytes after the value are other fields or padding.
    fn quick(&self, padded: &[u8], start: usize, len: usize) -> Option<Self::Native>;

    /// The value of a trimmed text that is not empty; `None` when it does not fit without loss.
    fn parse(&self, text: &[u8]) -> Option<Self::Native>;

    /// The values as an Arrow array.
    fn array(&self, values: Vec<Self::Native>, nulls: Option<NullBuffer>) -> ArrayRef;
}

/// Whether a text is a date or timestamp in a strftime format.
pub(crate) fn reads_as(column_type: ColumnType, format: &str, text: &str) -> bool {
    let (format, text) = (Some(format.to_owned()), trimmed(text.as_bytes()));
    match column_type {
        ColumnType::Date => temporal::Date(format).parse(text).is_some(),
        ColumnType::Timestamp => temporal::Timestamp(format).parse(text).is_some(),
        _ => false,
    }
}
