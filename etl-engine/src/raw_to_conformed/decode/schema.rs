//! Arrow types of pinned columns: those that Athena reads from Parquet.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use domain::column::{Column, ColumnType};

/// The Arrow type of a column type. Timestamps are in microseconds without zone.
pub fn arrow_type(column_type: ColumnType) -> DataType {
    match column_type {
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::Int => DataType::Int32,
        ColumnType::BigInt => DataType::Int64,
        ColumnType::Double => DataType::Float64,
        ColumnType::Decimal { precision, scale } => {
            DataType::Decimal128(precision, i8::try_from(scale).unwrap_or(i8::MAX))
        }
        ColumnType::Date => DataType::Date32,
        ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        ColumnType::String => DataType::Utf8,
    }
}

/// The Arrow schema of pinned columns, in order, named as in the conformed table.
pub fn arrow_schema(columns: &[Column]) -> SchemaRef {
    let field =
        |column: &Column| Field::new(&column.name, arrow_type(column.column_type), column.nullable);
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}
