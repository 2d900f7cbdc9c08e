//! The Arrow schema of pinned columns.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use domain::column::Column;

use crate::column_types::arrow_type;

/// The Arrow schema of pinned columns, in order, named as in the conformed table.
pub fn arrow_schema(columns: &[Column]) -> SchemaRef {
    let field =
        |column: &Column| Field::new(&column.name, arrow_type(column.column_type), column.nullable);
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}
