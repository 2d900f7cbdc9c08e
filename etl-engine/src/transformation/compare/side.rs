//! One of two results, sorted so that it can be walked beside the other.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use arrow::row::{RowConverter, Rows, SortField};
use domain::{Error, Result};

use super::ComparedColumn;
use crate::column_types::column_type;

/// The columns that both results have, keys first, and the types in which they are compared.
pub(super) struct Common {
    pub(super) names: Vec<String>,
    pub(super) keys: usize,
    types: Vec<DataType>,
    /// Every column of either, nothing compared yet.
    pub(super) described: Vec<ComparedColumn>,
}

impl Common {
    pub(super) fn of(old: &RecordBatch, new: &RecordBatch, keys: &[String]) -> Self {
        let (old, new) = (old.schema(), new.schema());
        let fields = new.fields().iter();
        let both =
            fields.filter_map(|field| Some((field, old.field_with_name(field.name()).ok()?)));
        let both: Vec<(&FieldRef, &Field)> = both.collect();
        let mut names: Vec<String> = keys.to_vec();
        names.extend(both.iter().map(|(new, _)| new.name().clone()).filter(|n| !keys.contains(n)));
        let types = names.iter().map(|name| {
            let pair = both.iter().find(|(new, _)| new.name() == name);
            pair.map_or(DataType::Null, |(new, old)| compared_as(old.data_type(), new.data_type()))
        });
        let types = types.collect();
        let described = described(&old, &new, keys);
        Self { names, keys: keys.len(), types, described }
    }
}

fn described(old: &Schema, new: &Schema, keys: &[String]) -> Vec<ComparedColumn> {
    let column = |name: &str| ComparedColumn {
        name: name.to_owned(),
        old_type: old.field_with_name(name).ok().map(type_name),
        new_type: new.field_with_name(name).ok().map(type_name),
        is_key: keys.iter().any(|key| key == name),
        compared: 0,
        differing: 0,
    };
    let gone = old.fields().iter().filter(|field| new.field_with_name(field.name()).is_err());
    new.fields().iter().chain(gone).map(|field| column(field.name())).collect()
}

fn type_name(field: &Field) -> String {
    column_type(field.name(), field.data_type())
        .map_or_else(|_| field.data_type().to_string(), |known| known.to_string())
}

/// The type in which values of two types are compared: numbers as doubles, all else as text.
fn compared_as(old: &DataType, new: &DataType) -> DataType {
    match (old, new) {
        (old, new) if old == new => old.clone(),
        (old, new) if old.is_integer() && new.is_integer() => DataType::Int64,
        (old, new) if old.is_numeric() && new.is_numeric() => DataType::Float64,
        (DataType::Null, other) | (other, DataType::Null) => other.clone(),
        _ => DataType::Utf8,
    }
}

/// A result in the common columns and types, with its rows sorted by key and then by the rest.
pub(super) struct Side {
    pub(super) columns: Vec<ArrayRef>,
    keys: Rows,
    rest: Rows,
    /// Row numbers in sorted order.
    pub(super) order: Vec<u32>,
}

/// Both results as sides that can be compared with each other.
pub(super) fn sides(old: &RecordBatch, new: &RecordBatch, common: &Common) -> Result<(Side, Side)> {
    let (key_types, rest_types) = common.types.split_at(common.keys);
    let (keys, rest) = (converter(key_types)?, converter(rest_types)?);
    let side = |batch: &RecordBatch| -> Result<Side> {
        let columns = columns_of(batch, common)?;
        let (key_columns, rest_columns) = columns.split_at(common.keys);
        let keys = rows(&keys, key_columns, batch.num_rows())?;
        let rest = rows(&rest, rest_columns, batch.num_rows())?;
        let mut order: Vec<u32> =
            (0..u32::try_from(batch.num_rows()).unwrap_or(u32::MAX)).collect();
        order.sort_by(|a, b| {
            let (a, b) = (*a as usize, *b as usize);
            keys.row(a).cmp(&keys.row(b)).then_with(|| rest.row(a).cmp(&rest.row(b)))
        });
        Ok(Side { columns, keys, rest, order })
    };
    Ok((side(old)?, side(new)?))
}

impl Side {
    /// The key of a row, comparable with the other side's.
    pub(super) fn key(&self, row: u32) -> arrow::row::Row<'_> {
        self.keys.row(row as usize)
    }

    /// The other columns of a row, likewise.
    pub(super) fn rest(&self, row: u32) -> arrow::row::Row<'_> {
        self.rest.row(row as usize)
    }

    /// How many keys stand for several rows.
    pub(super) fn repeated_keys(&self) -> u64 {
        let groups = self.order.chunk_by(|a, b| self.key(*a) == self.key(*b));
        groups.filter(|group| group.len() > 1).count() as u64
    }
}

fn converter(types: &[DataType]) -> Result<RowConverter> {
    // Rows without columns would have no number of rows: a column of nulls stands in.
    let types = if types.is_empty() { &[DataType::Null] } else { types };
    let fields = types.iter().map(|kind| SortField::new(kind.clone())).collect();
    RowConverter::new(fields).map_err(incomparable)
}

fn rows(converter: &RowConverter, columns: &[ArrayRef], number: usize) -> Result<Rows> {
    let stand_in = [arrow::array::new_null_array(&DataType::Null, number)];
    let columns = if columns.is_empty() { &stand_in[..] } else { columns };
    converter.convert_columns(columns).map_err(incomparable)
}

fn columns_of(batch: &RecordBatch, common: &Common) -> Result<Vec<ArrayRef>> {
    let columns = common.names.iter().zip(&common.types).map(|(name, kind)| {
        let column = batch.column_by_name(name).ok_or_else(|| {
            Error::internal(format!("the column {name:?} was lost on the way to comparing it"))
        })?;
        cast(column, kind).map_err(incomparable)
    });
    columns.collect()
}

/// All batches of a result as one.
pub(crate) fn one_batch(
    schema: &arrow::datatypes::SchemaRef,
    batches: &[RecordBatch],
) -> Result<RecordBatch> {
    if schema.fields().is_empty() {
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        return RecordBatch::try_new_with_options(Arc::clone(schema), Vec::new(), &options)
            .map_err(incomparable);
    }
    arrow::compute::concat_batches(schema, batches).map_err(incomparable)
}

pub(super) fn incomparable(error: arrow::error::ArrowError) -> Error {
    Error::invalid(format!("the results cannot be compared: {error}"))
}
