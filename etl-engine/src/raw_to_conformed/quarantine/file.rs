//! The file that a run's rejected rows are kept in.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use bytes::Bytes;
use domain::dataset::DatasetId;
use domain::rejected::{RejectReason, RejectedRow};
use domain::run::RunId;
use domain::{Error, Result};
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use crate::table_files::{quarantine_path, store_error};

/// A quarantine file whose footer is read; its rows are fetched as they are asked for.
pub(in super::super) type Opened = ParquetRecordBatchStreamBuilder<StoredFile>;

/// Opens the rejected rows of a run; `None` when it kept none.
pub(in super::super) async fn open(
    conformed: &Arc<dyn ObjectStore>,
    dataset: &DatasetId,
    run: RunId,
) -> Result<Option<Opened>> {
    let path = Path::from(quarantine_path(dataset, run));
    let size = match conformed.head(&path).await {
        Ok(meta) => meta.size,
        Err(object_store::Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(store_error(error)),
    };
    let file = StoredFile { store: Arc::clone(conformed), path, size };
    let opened = Opened::new(file).await.map_err(unreadable)?;
    if opened.schema().fields().len() != schema().fields().len() {
        return Err(Error::internal("the quarantine file has other columns than Sluice writes"));
    }
    Ok(Some(opened))
}

/// A file of a store, of which ranges are fetched.
pub(in super::super) struct StoredFile {
    store: Arc<dyn ObjectStore>,
    path: Path,
    size: u64,
}

impl AsyncFileReader for StoredFile {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        async move { Ok(self.store.get_range(&self.path, range).await?) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        async move {
            let size = self.size;
            Ok(Arc::new(ParquetMetaDataReader::new().load_and_finish(self, size).await?))
        }
        .boxed()
    }
}

/// A quarantine file that is not as Sluice wrote it.
pub(in super::super) fn unreadable(error: ParquetError) -> Error {
    Error::internal(format!("the quarantine file cannot be read: {error}")).with_source(error)
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("file", DataType::Utf8, false),
        Field::new("line", DataType::Int64, false),
        Field::new("column", DataType::Utf8, true),
        Field::new("reason", DataType::Utf8, false),
        Field::new("detail", DataType::Utf8, false),
        Field::new("raw", DataType::Binary, false),
    ]))
}

/// Rejected rows of one file as a batch.
pub(super) fn to_batch(key: &str, rows: &[RejectedRow]) -> Result<RecordBatch> {
    let lines = rows.iter().map(|row| i64::try_from(row.line).unwrap_or(i64::MAX));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(rows.iter().map(|_| key))),
        Arc::new(Int64Array::from_iter_values(lines)),
        Arc::new(rows.iter().map(|row| row.column.as_deref()).collect::<StringArray>()),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.reason.as_str()))),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.detail))),
        Arc::new(BinaryArray::from_iter_values(rows.iter().map(|row| &row.raw))),
    ];
    RecordBatch::try_new(schema(), columns)
        .map_err(|error| Error::internal(format!("quarantine rows do not fit: {error}")))
}

/// The rejected rows in a batch.
pub(in super::super) fn from_batch(batch: &RecordBatch) -> Result<Vec<RejectedRow>> {
    let (lines, columns) = (batch.column(1), batch.column(2).as_string::<i32>());
    let reasons = batch.column(3).as_string::<i32>();
    let (details, raws) = (batch.column(4).as_string::<i32>(), batch.column(5).as_binary::<i32>());
    let lines = lines.as_primitive::<Int64Type>();
    (0..batch.num_rows())
        .map(|row| {
            Ok(RejectedRow {
                line: u64::try_from(lines.value(row)).unwrap_or_default(),
                column: columns.is_valid(row).then(|| columns.value(row).to_owned()),
                reason: reason(reasons.value(row))?,
                detail: details.value(row).to_owned(),
                raw: raws.value(row).to_vec(),
            })
        })
        .collect()
}

pub(super) fn reason(text: &str) -> Result<RejectReason> {
    serde_json::from_value(serde_json::Value::from(text))
        .map_err(|_| Error::internal(format!("reject reason {text:?} is not known")))
}
