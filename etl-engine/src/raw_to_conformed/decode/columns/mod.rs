//! Column builders: fields of many rows, one column at a time, into Arrow arrays.

mod text;
mod typed;
mod validity;

use arrow::array::ArrayRef;
use domain::Result;
use domain::column::{Column, ColumnType};
use domain::rejected::RejectReason;

use self::text::TextColumn;
use self::typed::TypedColumn;
use super::values::boolean::Boolean;
use super::values::decimal::Decimal;
use super::values::double::Double;
use super::values::field::Reading;
use super::values::integer::{BigInt, Int};
use super::values::temporal::{Date, Timestamp};

/// A field's end in a [`Tile`]: the place behind it, with these two marks.
pub(super) const PLACE: u32 = (1 << 30) - 1;
/// The field stands in quotes, which end at the place.
pub(super) const QUOTED: u32 = 1 << 31;
/// The quoted field holds doubled quotes or escapes.
pub(super) const ESCAPED: u32 = 1 << 30;

/// Indexed records of a block: for each one its start, then the end of each field.
pub(super) struct Tile<'a> {
    /// The text and some bytes behind it.
    pub(super) padded: &'a [u8],
    /// `fields + 1` numbers a record.
    pub(super) places: &'a [u32],
    /// Fields of a record.
    pub(super) fields: usize,
    /// For each pinned column the field that it reads.
    pub(super) sources: &'a [Option<usize>],
    /// Whether the whole text is known to be UTF-8.
    pub(super) utf8: bool,
    /// The dialect.
    pub(super) reading: &'a Reading,
}

impl Tile<'_> {
    /// Number of records.
    pub(super) fn rows(&self) -> usize {
        self.places.len() / (self.fields + 1)
    }

    /// The field that a pinned column reads.
    pub(super) fn source_of(&self, column: usize) -> Option<usize> {
        self.sources.get(column).copied().flatten()
    }

    /// The records' places in groups of 64 rows (fewer in the last one).
    fn words(&self) -> impl Iterator<Item = &[u32]> {
        self.places.chunks(64 * (self.fields + 1))
    }
}

/// Values that do not fit, found while a tile is read.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<Fault>);

/// A value that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fault {
    /// Row in the tile.
    pub(super) row: usize,
    /// Index of the pinned column.
    pub(super) column: usize,
    /// Why.
    pub(super) reason: RejectReason,
}

/// Builds one column of a block.
pub(super) trait ColumnBuilder: Send {
    /// Appends a field of all rows of a tile. A row that does not fit gets a placeholder and a
    /// fault, so that all columns keep the same length.
    fn append_tile(&mut self, tile: &Tile<'_>, field: usize, faults: &mut Faults);

    /// Appends one value: `None` is null, `quoted` says that an empty text is a text.
    fn append_value(
        &mut self,
        value: Option<&[u8]>,
        quoted: bool,
    ) -> std::result::Result<(), RejectReason>;

    /// Appends nulls, also where the column may not have any; the caller rejects those rows.
    fn append_nulls(&mut self, rows: usize);

    /// Prepares for `rows` more rows.
    fn reserve(&mut self, rows: usize);

    /// The array of all rows.
    fn finish(self: Box<Self>) -> Result<ArrayRef>;
}

/// A builder for a pinned column; `index` is its place among them.
pub(super) fn builder(column: &Column, index: usize, reading: &Reading) -> Box<dyn ColumnBuilder> {
    let comma = reading.decimal_comma;
    let required = !column.nullable;
    let careful = reading.ambiguous_nulls;
    let format = || column.format.clone();
    match column.column_type {
        ColumnType::Boolean => Box::new(TypedColumn::new(Boolean, index, required, careful)),
        ColumnType::Int => Box::new(TypedColumn::new(Int::new(comma), index, required, careful)),
        ColumnType::BigInt => {
            Box::new(TypedColumn::new(BigInt::new(comma), index, required, careful))
        }
        ColumnType::Double => {
            Box::new(TypedColumn::new(Double::new(comma), index, required, careful))
        }
        ColumnType::Decimal { precision, scale } => {
            let decimal = Decimal::new(precision, scale, comma);
            Box::new(TypedColumn::new(decimal, index, required, careful))
        }
        ColumnType::Date => Box::new(TypedColumn::new(Date(format()), index, required, careful)),
        ColumnType::Timestamp => {
            Box::new(TypedColumn::new(Timestamp(format()), index, required, careful))
        }
        ColumnType::String => Box::new(TextColumn::new(index, required)),
    }
}
