//! One Parquet file on its way into a store: row groups are appended as they are encoded, bytes
//! leave memory as they are written.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use domain::{Error, ErrorKind, Result};
use object_store::ObjectStore;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory};
use parquet::file::writer::SerializedFileWriter;
use tokio::io::AsyncWriteExt;

use super::encode::{RowGroup, row_group, writer_properties};
use super::{parquet_error, store_error};

/// A Parquet file being written. Nothing is visible at its path before [`ParquetFile::close`].
pub struct ParquetFile {
    path: String,
    schema: SchemaRef,
    file: SerializedFileWriter<Vec<u8>>,
    factory: ArrowRowGroupWriterFactory,
    upload: BufWriter,
    row_groups: usize,
    rows: u64,
    bytes: u64,
}

impl ParquetFile {
    /// Begins a file at `path`. `part_bytes` is kept in memory before bytes are sent to the store.
    pub fn create(
        store: Arc<dyn ObjectStore>,
        path: String,
        schema: &SchemaRef,
        part_bytes: usize,
    ) -> Result<Self> {
        let properties = writer_properties(schema);
        let parquet_schema = ArrowSchemaConverter::new().convert(schema).map_err(parquet_error)?;
        let root = parquet_schema.root_schema_ptr();
        let file = SerializedFileWriter::new(Vec::new(), root, Arc::new(properties))
            .map_err(parquet_error)?;
        let factory = ArrowRowGroupWriterFactory::new(&file, Arc::clone(schema));
        let upload = BufWriter::with_capacity(store, Path::from(path.as_str()), part_bytes);
        Ok(Self {
            path,
            schema: Arc::clone(schema),
            file,
            factory,
            upload,
            row_groups: 0,
            rows: 0,
            bytes: 0,
        })
    }

    /// Encodes and appends `batches` as one row group, on the calling thread.
    pub async fn write(&mut self, batches: &[RecordBatch]) -> Result<()> {
        let writers = self.begin_row_group()?;
        let encoded = row_group(&self.schema, writers, batches)?;
        self.append(encoded).await
    }

    /// Writers for the next row group, to be filled by another thread.
    pub(super) fn begin_row_group(&mut self) -> Result<Vec<ArrowColumnWriter>> {
        self.row_groups += 1;
        self.factory.create_column_writers(self.row_groups - 1).map_err(parquet_error)
    }

    /// Appends an encoded row group. Row groups are appended in the order in which they were begun.
    pub(super) async fn append(&mut self, encoded: RowGroup) -> Result<()> {
        let mut group = self.file.next_row_group().map_err(parquet_error)?;
        for chunk in encoded.chunks {
            chunk.append_to_row_group(&mut group).map_err(parquet_error)?;
        }
        group.close().map_err(parquet_error)?;
        self.rows += encoded.rows;
        self.send().await
    }

    /// Completes the file. Returns rows and bytes.
    pub async fn close(mut self) -> Result<(u64, u64)> {
        self.file.finish().map_err(parquet_error)?;
        self.send().await?;
        self.upload.shutdown().await.map_err(|error| self.write_error(error))?;
        Ok((self.rows, self.bytes))
    }

    /// Gives the file up; parts already sent are removed.
    pub async fn abort(mut self) {
        if let Err(error) = self.upload.abort().await {
            tracing::warn!(path = self.path, %error, "staged parts were left behind");
        }
    }

    async fn send(&mut self) -> Result<()> {
        self.file.flush().map_err(|error| self.write_error(error))?;
        let bytes = std::mem::take(self.file.inner_mut());
        self.bytes += bytes.len() as u64;
        self.upload.put(bytes.into()).await.map_err(store_error)
    }

    fn write_error(&self, error: std::io::Error) -> Error {
        let message = format!("writing {} failed: {error}", self.path);
        Error::new(ErrorKind::Unavailable, message).with_source(error)
    }
}
