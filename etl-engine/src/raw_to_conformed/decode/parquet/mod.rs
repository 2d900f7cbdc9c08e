//! Parquet: batches of rows, each column brought to its pinned type without loss or not at all.

mod convert;
mod json_text;

use std::fs::File;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use domain::column::Column;
use domain::{Error, Result};
use futures::Stream;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Type;
use parquet::errors::ParquetError;

use self::convert::{ParquetPlan, Rows};
use super::input::{RawBytes, Spooled};
use super::names::distinct_names;
use super::{Block, DecodeOptions, Layout, pipeline};

/// A Parquet file whose footer is read.
pub(super) struct OpenedParquet {
    file: File,
    metadata: ArrowReaderMetadata,
    names: Vec<String>,
    options: DecodeOptions,
}

/// Reads the footer; a stream is first written to a temporary file, because the footer stands at
/// the end. Blocks.
pub(super) fn open(bytes: RawBytes, options: DecodeOptions) -> Result<OpenedParquet> {
    let file = Spooled::new(bytes)?.file()?;
    let plain = ArrowReaderOptions::new();
    let metadata = ArrowReaderMetadata::load(&file, plain.clone()).map_err(unreadable)?;
    let metadata = match microsecond_schema(&metadata) {
        None => metadata,
        Some(schema) => {
            let options = plain.with_schema(schema);
            ArrowReaderMetadata::try_new(metadata.metadata().clone(), options)
                .map_err(unreadable)?
        }
    };
    let names = metadata.schema().fields().iter().map(|field| field.name().clone());
    let names = distinct_names(names.collect());
    Ok(OpenedParquet { file, metadata, names, options })
}

impl OpenedParquet {
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The Arrow schema of the file.
    pub(super) fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    /// Reads the fields that the layout wants and brings them to the pinned types.
    pub(super) fn decode(
        self,
        columns: Arc<[Column]>,
        layout: Layout,
    ) -> impl Stream<Item = Result<Block>> + Send + 'static {
        let wanted: Vec<usize> =
            (0..layout.0.len()).filter(|field| layout.0[*field].is_some()).collect();
        let targets = wanted.iter().filter_map(|field| layout.0[*field]).collect();
        let plan = Arc::new(ParquetPlan::new(columns, targets));
        let mut unread = Some((self.file, self.metadata));
        let (options, mut reader, mut rows_before) = (self.options, None, 0);
        let produce = move || {
            if let Some((file, metadata)) = unread.take() {
                reader = Some(batches(file, metadata, &wanted, &options)?);
            }
            let Some(batch) = reader.as_mut().and_then(Iterator::next) else { return Ok(None) };
            let batch = batch?;
            let first = rows_before + 1;
            rows_before += batch.num_rows() as u64;
            Ok(Some(Rows { batch, first }))
        };
        pipeline::ordered(options.parallelism, produce, move |rows| plan.decode(&rows))
    }
}

/// Batches of the wanted fields, in file order.
fn batches(
    file: File,
    metadata: ArrowReaderMetadata,
    wanted: &[usize],
    options: &DecodeOptions,
) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
    let fields = builder.parquet_schema().root_schema().get_fields().len();
    let known = wanted.iter().copied().filter(|field| *field < fields);
    let projection = ProjectionMask::roots(builder.parquet_schema(), known);
    let rows = rows_per_batch(wanted.len(), options.block_bytes);
    let reader = builder.with_projection(projection).with_batch_size(rows).build();
    let reader = reader.map_err(unreadable)?;
    Ok(reader.map(|batch| batch.map_err(|error| unreadable(ParquetError::from(error)))))
}

/// As many rows as make about a block of eight-byte values.
fn rows_per_batch(columns: usize, block_bytes: usize) -> usize {
    (block_bytes / (8 * columns.max(1))).clamp(1024, 65_536)
}

/// The schema with INT96 timestamps read in microseconds, when there are any: in nanoseconds they
/// would wrap around outside the years 1677 to 2262.
fn microsecond_schema(metadata: &ArrowReaderMetadata) -> Option<SchemaRef> {
    let parquet = metadata.parquet_schema().root_schema().get_fields();
    let mut changed = false;
    let fields: Vec<Field> = metadata
        .schema()
        .fields()
        .iter()
        .zip(parquet)
        .map(|(field, parquet)| {
            let int96 = parquet.is_primitive() && parquet.get_physical_type() == Type::INT96;
            match field.data_type() {
                DataType::Timestamp(TimeUnit::Nanosecond, zone) if int96 => {
                    changed = true;
                    let micros = DataType::Timestamp(TimeUnit::Microsecond, zone.clone());
                    field.as_ref().clone().with_data_type(micros)
                }
                _ => field.as_ref().clone(),
            }
        })
        .collect();
    changed
        .then(|| Arc::new(Schema::new_with_metadata(fields, metadata.schema().metadata().clone())))
}

fn unreadable(error: ParquetError) -> Error {
    Error::invalid(format!(
        "the file cannot be read as Parquet ({error}): deliver it again; nothing of it was used"
    ))
    .with_source(error)
}
