//! Rows of a result as a Parquet file, written while they come.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use domain::{Error, Result};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

/// Rows of one group: what is kept in memory before it is written.
const ROWS_OF_GROUP: usize = 32 * 1024;

/// Writes the rows as one Parquet file with the schema's types.
pub fn write_parquet(
    schema: &SchemaRef,
    batches: impl Iterator<Item = Result<RecordBatch>>,
    to: impl Write + Send,
) -> Result<()> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(ROWS_OF_GROUP))
        .build();
    let mut writer =
        ArrowWriter::try_new(to, schema.clone(), Some(properties)).map_err(unwritable)?;
    for batch in batches {
        writer.write(&batch?).map_err(unwritable)?;
    }
    writer.close().map_err(unwritable)?;
    Ok(())
}

fn unwritable(error: parquet::errors::ParquetError) -> Error {
    Error::internal("the result cannot be written as Parquet").with_source(error)
}
