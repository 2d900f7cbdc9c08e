//! Athena's rows of text as columns of their types.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int32Array,
    Int64Array, RecordBatch, RecordBatchOptions, StringArray, TimestampMicrosecondArray,
};
use arrow::compute::kernels::cast_utils::Parser;
use arrow::datatypes::{
    DataType, Date32Type, Field, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType,
};
use aws_sdk_athena::operation::get_query_results::GetQueryResultsOutput;
use aws_sdk_athena::types::{ColumnInfo, QueryExecution, Row, StatementType};
use domain::{Error, Result};

/// Most digits of a decimal.
const DIGITS: u8 = 38;

/// Reads the pages of one result, the first one first.
#[derive(Debug)]
pub(super) struct ResultReader {
    /// The rows of a SELECT begin with the names of its columns.
    may_have_header: bool,
    schema: Option<SchemaRef>,
}

impl ResultReader {
    /// Of an execution that succeeded.
    pub(super) fn of(execution: &QueryExecution) -> Self {
        let may_have_header = execution.statement_type == Some(StatementType::Dml);
        Self { may_have_header, schema: None }
    }

    /// The rows of the next page. The first page tells the columns of all.
    pub(super) fn batch(&mut self, page: &GetQueryResultsOutput) -> Result<RecordBatch> {
        let set = page.result_set.as_ref();
        let mut rows = set.map(|set| set.rows()).unwrap_or_default();
        let schema = match &self.schema {
            Some(schema) => Arc::clone(schema),
            None => {
                let columns = set.and_then(|set| set.result_set_metadata.as_ref());
                let columns = columns.map(|columns| columns.column_info()).unwrap_or_default();
                if self.may_have_header && rows.first().is_some_and(|row| names(row, columns)) {
                    rows = &rows[1..];
                }
                let schema = schema_of(columns, rows);
                Arc::clone(self.schema.insert(schema))
            }
        };
        let columns = schema.fields().iter().enumerate().map(|(at, field)| {
            let cells: Vec<_> = rows.iter().map(|row| cell(row, at)).collect();
            column(field, &cells)
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        RecordBatch::try_new_with_options(schema, columns, &options).map_err(|error| {
            Error::internal("Athena's rows do not fit together").with_source(error)
        })
    }
}

/// `None` is NULL, which is not the empty text.
fn cell(row: &Row, at: usize) -> Option<&str> {
    row.data().get(at)?.var_char_value.as_deref()
}

fn names(row: &Row, columns: &[ColumnInfo]) -> bool {
    let label = |column: &ColumnInfo| column.label.clone().unwrap_or_else(|| column.name.clone());
    row.data().len() == columns.len()
        && columns.iter().enumerate().all(|(at, column)| cell(row, at) == Some(&label(column)))
}

fn schema_of(columns: &[ColumnInfo], rows: &[Row]) -> SchemaRef {
    let field = |(at, column): (usize, &ColumnInfo)| {
        let cells = rows.iter().filter_map(|row| cell(row, at));
        // As everywhere in the catalog, names have no capital letters.
        Field::new(column.name.to_lowercase(), data_type(column, cells), true)
    };
    Arc::new(Schema::new(columns.iter().enumerate().map(field).collect::<Vec<_>>()))
}

/// The type of a column; what has no type of ours stays the text that Athena shows.
fn data_type<'a>(column: &ColumnInfo, cells: impl Iterator<Item = &'a str>) -> DataType {
    match column.r#type.to_ascii_lowercase().as_str() {
        "boolean" => DataType::Boolean,
        "tinyint" | "smallint" | "integer" | "int" => DataType::Int32,
        "bigint" => DataType::Int64,
        "real" | "float" => DataType::Float32,
        "double" => DataType::Float64,
        "decimal" => decimal(column, cells),
        "date" => DataType::Date32,
        "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, None),
        _ => DataType::Utf8,
    }
}

/// Every value of a decimal column is shown with all its places, so that the first page tells them
/// where the column's description does not.
fn decimal<'a>(column: &ColumnInfo, cells: impl Iterator<Item = &'a str>) -> DataType {
    let told = (u8::try_from(column.precision), i8::try_from(column.scale));
    let (precision, scale) = match told {
        (Ok(precision @ 1..=DIGITS), Ok(scale)) if scale >= 0 => (precision, scale),
        _ => (DIGITS, 0),
    };
    let places = |text: &str| text.split_once('.').map_or(0, |(_, places)| places.len());
    match i8::try_from(cells.map(places).max().unwrap_or(0)) {
        Ok(places) if places > scale => DataType::Decimal128(DIGITS, places),
        _ => DataType::Decimal128(precision, scale),
    }
}

fn column(field: &Field, cells: &[Option<&str>]) -> Result<ArrayRef> {
    let of = Cells { field, cells };
    Ok(match field.data_type() {
        DataType::Boolean => Arc::new(BooleanArray::from(of.parsed(|text| text.parse().ok())?)),
        DataType::Int32 => Arc::new(Int32Array::from(of.parsed(|text| text.parse().ok())?)),
        DataType::Int64 => Arc::new(Int64Array::from(of.parsed(|text| text.parse().ok())?)),
        DataType::Float32 => Arc::new(Float32Array::from(of.parsed(|text| text.parse().ok())?)),
        DataType::Float64 => Arc::new(Float64Array::from(of.parsed(|text| text.parse().ok())?)),
        DataType::Date32 => Arc::new(Date32Array::from(of.parsed(Date32Type::parse)?)),
        DataType::Timestamp(..) => {
            Arc::new(TimestampMicrosecondArray::from(of.parsed(TimestampMicrosecondType::parse)?))
        }
        DataType::Decimal128(precision, scale) => {
            let numbers = of.parsed(|text| unscaled(text, *scale))?;
            let numbers = Decimal128Array::from(numbers);
            let numbers = numbers.with_precision_and_scale(*precision, *scale);
            Arc::new(numbers.map_err(|error| {
                Error::internal(format!("column {:?} is no decimal", field.name()))
                    .with_source(error)
            })?)
        }
        _ => Arc::new(StringArray::from(cells.to_vec())),
    })
}

/// The cells of one column.
struct Cells<'a> {
    field: &'a Field,
    cells: &'a [Option<&'a str>],
}

impl Cells<'_> {
    fn parsed<T>(&self, parse: impl Fn(&str) -> Option<T>) -> Result<Vec<Option<T>>> {
        let one = |text: &str| {
            parse(text).ok_or_else(|| {
                let (name, kind) = (self.field.name(), self.field.data_type());
                Error::internal(format!("Athena shows {text:?} in column {name:?}, no {kind}"))
            })
        };
        self.cells.iter().map(|cell| cell.map(one).transpose()).collect()
    }
}

/// The digits of a decimal as one number, with `scale` of them behind the point.
fn unscaled(text: &str, scale: i8) -> Option<i128> {
    let scale = usize::try_from(scale).ok()?;
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    let missing = scale.checked_sub(places.len())?;
    let digits = format!("{whole}{places}{}", "0".repeat(missing));
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use arrow::util::pretty::pretty_format_batches;
    use aws_sdk_athena::types::{Datum, ResultSet, ResultSetMetadata};

    use super::*;
    use etl_engine::query::cells::text_rows;

    fn page(columns: &[(&str, &str)], rows: &[&[Option<&str>]]) -> GetQueryResultsOutput {
        let info = |(name, kind): &(&str, &str)| {
            let info = ColumnInfo::builder().name(*name).label(*name).r#type(*kind);
            info.precision(10).scale(2).build().unwrap()
        };
        let datum = |cell: &Option<&str>| {
            Datum::builder().set_var_char_value(cell.map(str::to_owned)).build()
        };
        let row = |row: &&[Option<&str>]| {
            Row::builder().set_data(Some(row.iter().map(datum).collect())).build()
        };
        let metadata = ResultSetMetadata::builder()
            .set_column_info(Some(columns.iter().map(info).collect()))
            .build();
        let set = ResultSet::builder()
            .set_rows(Some(rows.iter().map(row).collect()))
            .result_set_metadata(metadata);
        GetQueryResultsOutput::builder().result_set(set.build()).build()
    }

    fn select() -> ResultReader {
        let execution = QueryExecution::builder().statement_type(StatementType::Dml).build();
        ResultReader::of(&execution)
    }

    #[test]
    fn every_type_is_read_and_null_is_not_the_empty_text() {
        let columns = [
            ("flag", "boolean", "true"),
            ("small", "tinyint", "-1"),
            ("big", "bigint", "9223372036854775807"),
            ("real", "float", "1.5"),
            ("ratio", "double", "-Infinity"),
            ("fare", "decimal", "-12.50"),
            ("day", "date", "2020-08-05"),
            ("at", "timestamp", "2020-08-05 06:07:08.009"),
            ("text", "varchar", ""),
            ("list", "array", "[1, 2]"),
        ];
        let types: Vec<_> = columns.map(|(name, kind, _)| (name, kind)).to_vec();
        let header: Vec<_> = columns.map(|(name, ..)| Some(name)).to_vec();
        let values: Vec<_> = columns.map(|(.., value)| Some(value)).to_vec();
        let page = page(&types, &[&header, &values, &[None; 10]]);
        let batch = select().batch(&page).unwrap();
        let shown = text_rows(&batch).unwrap();
        let expected = [
            "true",
            "-1",
            "9223372036854775807",
            "1.5",
            "-inf",
            "-12.50",
            "2020-08-05",
            "2020-08-05T06:07:08.009",
            "",
            "[1, 2]",
        ];
        let cells: Vec<_> = shown[0].iter().map(|cell| cell.as_deref().unwrap()).collect();
        assert_eq!(cells, expected, "{}", pretty_format_batches(&[batch]).unwrap());
        assert!(shown[1].iter().all(Option::is_none));
        assert_eq!(shown.len(), 2);
    }

    #[test]
    fn the_first_row_is_left_out_only_when_it_names_the_columns() {
        let rows: [&[Option<&str>]; 2] = [&[Some("a")], &[Some("a")]];
        let mut reader = select();
        let page = page(&[("a", "varchar")], &rows);
        assert_eq!(reader.batch(&page).unwrap().num_rows(), 1);
        assert_eq!(reader.batch(&page).unwrap().num_rows(), 2, "a later page has no header");
        let plan = QueryExecution::builder().statement_type(StatementType::Utility).build();
        assert_eq!(ResultReader::of(&plan).batch(&page).unwrap().num_rows(), 2);
    }

    #[test]
    fn what_is_not_of_its_type_is_told_with_its_column() {
        let rows: [&[Option<&str>]; 1] = [&[Some("many")]];
        let error = select().batch(&page(&[("n", "bigint")], &rows)).unwrap_err();
        assert!(error.to_string().contains("\"many\" in column \"n\""), "{error}");
        assert_eq!(unscaled("-0.05", 2), Some(-5));
        assert_eq!(unscaled("1.234", 2), None);
    }
}
