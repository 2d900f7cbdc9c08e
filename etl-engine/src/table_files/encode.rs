//! Encoding row groups on all cores: each task encodes one row group, the file appends them in order.

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use domain::Result;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::parquet_error;

/// An encoded row group that is not yet part of a file.
pub(super) struct RowGroup {
    pub(super) chunks: Vec<ArrowColumnChunk>,
    pub(super) rows: u64,
}

/// How Sluice writes Parquet: Snappy, statistics per row group, dictionaries except where nearly all
/// values differ.
pub fn writer_properties(schema: &SchemaRef) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by(concat!("sluice ", env!("CARGO_PKG_VERSION")).to_owned());
    for field in schema.fields() {
        if matches!(field.data_type(), DataType::Timestamp(..)) {
            let column = ColumnPath::new(vec![field.name().clone()]);
            properties = properties.set_column_dictionary_enabled(column, false);
        }
    }
    properties.build()
}

/// Encodes `batches` as one row group. Takes a core for some tens of milliseconds.
pub(super) fn row_group(
    schema: &SchemaRef,
    mut writers: Vec<ArrowColumnWriter>,
    batches: &[RecordBatch],
) -> Result<RowGroup> {
    let mut next = 0;
    for (index, field) in schema.fields().iter().enumerate() {
        let mut leaves = 0;
        for batch in batches {
            let columns = compute_leaves(field, batch.column(index)).map_err(parquet_error)?;
            leaves = columns.len();
            for (offset, column) in columns.iter().enumerate() {
                writers[next + offset].write(column).map_err(parquet_error)?;
            }
        }
        next += leaves;
    }
    let rows = batches.iter().map(|batch| batch.num_rows() as u64).sum();
    let chunks = writers
        .into_iter()
        .map(ArrowColumnWriter::close)
        .collect::<std::result::Result<_, _>>()
        .map_err(parquet_error)?;
    Ok(RowGroup { chunks, rows })
}
