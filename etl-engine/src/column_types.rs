//! Catalog types as Arrow types, and back.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, SchemaRef, TimeUnit};
use domain::column::ColumnType;
use domain::partition::PARTITION_KEYS;
use domain::table::CatalogColumn;
use domain::{Error, Result};

/// The Arrow type in which a catalog type is read, computed and written: signed integers,
/// timestamps in microseconds without zone, text as `Utf8`.
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

/// The catalog type that holds every value of an Arrow type, for column `name` of a query's
/// output. [`domain::ErrorKind::Invalid`] when there is none; the message says what to write.
pub fn column_type(name: &str, data_type: &DataType) -> Result<ColumnType> {
    match data_type {
        DataType::Boolean => Ok(ColumnType::Boolean),
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 => {
            Ok(ColumnType::Int)
        }
        DataType::UInt32 | DataType::Int64 | DataType::UInt64 => Ok(ColumnType::BigInt),
        DataType::Float16 | DataType::Float32 | DataType::Float64 => Ok(ColumnType::Double),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => decimal(name, *precision, *scale),
        DataType::Date32 | DataType::Date64 => Ok(ColumnType::Date),
        DataType::Timestamp(_, None) => Ok(ColumnType::Timestamp),
        DataType::Timestamp(_, Some(zone)) if is_utc(zone) => Ok(ColumnType::Timestamp),
        // A column that is NULL in every row has no type of its own; text reads it everywhere.
        DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            Ok(ColumnType::String)
        }
        DataType::Dictionary(_, values) => column_type(name, values),
        other => Err(no_catalog_type(name, other)),
    }
}

/// The fields of a table's files, in table order; every one nullable.
pub fn file_fields(columns: &[CatalogColumn]) -> Vec<Field> {
    let field =
        |column: &CatalogColumn| Field::new(&column.name, arrow_type(column.column_type), true);
    columns.iter().map(field).collect()
}

/// The fields of year, month and day.
pub fn partition_fields() -> Fields {
    PARTITION_KEYS.iter().map(|key| Field::new(*key, DataType::Utf8, false)).collect()
}

/// A table's columns followed by year, month and day, as a query sees them.
pub fn table_schema(columns: &[CatalogColumn]) -> SchemaRef {
    let fields = file_fields(columns).into_iter().map(Arc::new);
    let fields: Vec<_> = fields.chain(partition_fields().iter().cloned()).collect();
    Arc::new(arrow::datatypes::Schema::new(fields))
}

fn decimal(name: &str, precision: u8, scale: i8) -> Result<ColumnType> {
    match u8::try_from(scale) {
        Ok(scale) if precision <= 38 && scale <= precision => {
            Ok(ColumnType::Decimal { precision, scale })
        }
        _ => Err(Error::invalid(format!(
            "output column {name:?} is decimal({precision},{scale}), which Athena cannot read: \
             write for example cast(… AS decimal(38,{})) AS {name}",
            scale.clamp(0, 18)
        ))),
    }
}

fn is_utc(zone: &str) -> bool {
    matches!(zone, "UTC" | "Z" | "+00:00" | "+00" | "Etc/UTC")
}

fn no_catalog_type(name: &str, data_type: &DataType) -> Error {
    let advice = match data_type {
        DataType::Timestamp(..) => "convert it to UTC and drop the zone".to_owned(),
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::FixedSizeList(..)
        | DataType::Struct(_)
        | DataType::Map(..) => "select one column per element instead".to_owned(),
        _ => format!("write cast(… AS varchar) AS {name}"),
    };
    Error::invalid(format!(
        "output column {name:?} has the type {data_type}, which a table cannot hold: {advice}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catalog_type_survives_the_way_to_arrow_and_back() {
        let types = [
            ColumnType::Boolean,
            ColumnType::Int,
            ColumnType::BigInt,
            ColumnType::Double,
            ColumnType::Decimal { precision: 38, scale: 10 },
            ColumnType::Date,
            ColumnType::Timestamp,
            ColumnType::String,
        ];
        for wanted in types {
            assert_eq!(column_type("c", &arrow_type(wanted)).unwrap(), wanted);
        }
    }

    #[test]
    fn b5_a_type_without_a_catalog_type_is_refused_by_name() {
        let list = DataType::List(Arc::new(Field::new("item", DataType::Int32, true)));
        for (data_type, advice) in [
            (list, "one column per element"),
            (DataType::Decimal256(60, 2), "decimal(38,2)"),
            (DataType::Binary, "cast(… AS varchar) AS fare"),
            (DataType::Timestamp(TimeUnit::Second, Some("+02:00".into())), "UTC"),
        ] {
            let error = column_type("fare", &data_type).unwrap_err();
            assert!(error.message().contains("\"fare\""), "{error}");
            assert!(error.message().contains(advice), "{error}");
        }
    }
}
