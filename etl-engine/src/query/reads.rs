//! Reads of Parquet files that never mix two versions of a file (promise A2).
//!
//! A scan remembers every file's eTag from the listing and reads with If-Match. When the file was
//! replaced meanwhile, the read fails, [`ReadLog::replaced`] says so, and whoever runs the query
//! lists again and starts over: a reader sees the old rows or the new ones, never both.

use std::collections::VecDeque;
use std::fmt::{Debug, Formatter};
use std::ops::Range;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use object_store::{
    GetOptions, GetRange, OBJECT_STORE_COALESCE_DEFAULT, ObjectMeta, ObjectStore, coalesce_ranges,
};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use crate::lock;

/// How much of a file's end is fetched in the hope that it holds the whole footer, in bytes.
const FOOTER_HINT: usize = 64 * 1024;

/// How many of the files opened last are looked at when one cannot be decoded.
const SUSPECTS: usize = 32;

/// What the scans of one query have read so far. Shared by all tables of the query.
#[derive(Debug, Default)]
pub struct ReadLog {
    replaced: Mutex<Option<String>>,
    last_opened: Mutex<VecDeque<(Arc<dyn ObjectStore>, ObjectMeta)>>,
}

impl ReadLog {
    /// The path of a file that was replaced or removed while it was read, if there was one.
    pub fn replaced(&self) -> Option<String> {
        lock(&self.replaced).clone()
    }

    /// Among the files that were opened last: one that cannot be decoded, and why. The engine's
    /// own error does not say which file it means, so they are read again, whole.
    pub(crate) async fn broken_file(self: &Arc<Self>) -> Option<(String, ParquetError)> {
        let suspects = lock(&self.last_opened).clone();
        for (store, meta) in suspects.into_iter().rev() {
            let path = meta.location.to_string();
            let reader = VersionedReader { store, log: Arc::clone(self), meta };
            if let Err(error) = decode(reader).await {
                return Some((path, error));
            }
        }
        None
    }

    fn opened(&self, store: &Arc<dyn ObjectStore>, meta: &ObjectMeta) {
        let mut last = lock(&self.last_opened);
        if last.iter().any(|(_, known)| known.location == meta.location) {
            return;
        }
        if last.len() == SUSPECTS {
            last.pop_front();
        }
        last.push_back((Arc::clone(store), meta.clone()));
    }
}

async fn decode(reader: VersionedReader) -> parquet::errors::Result<()> {
    let rows = ParquetRecordBatchStreamBuilder::new(reader).await?.build()?;
    rows.try_for_each(|_| async { Ok(()) }).await
}

/// Makes readers of one zone's files for one query.
#[derive(Debug)]
pub(crate) struct VersionedReaders {
    store: Arc<dyn ObjectStore>,
    log: Arc<ReadLog>,
}

impl VersionedReaders {
    /// Readers of files in `store` that report to `log`.
    pub(crate) fn new(store: Arc<dyn ObjectStore>, log: Arc<ReadLog>) -> Self {
        Self { store, log }
    }
}

impl ParquetFileReaderFactory for VersionedReaders {
    fn create_reader(
        &self,
        _partition_index: usize,
        file: PartitionedFile,
        _metadata_size_hint: Option<usize>,
        _metrics: &ExecutionPlanMetricsSet,
    ) -> datafusion::common::Result<Box<dyn AsyncFileReader + Send>> {
        let (store, log) = (Arc::clone(&self.store), Arc::clone(&self.log));
        log.opened(&store, &file.object_meta);
        Ok(Box::new(VersionedReader { store, log, meta: file.object_meta }))
    }
}

/// Reads the version of a file that the listing saw.
struct VersionedReader {
    store: Arc<dyn ObjectStore>,
    log: Arc<ReadLog>,
    meta: ObjectMeta,
}

impl VersionedReader {
    async fn read(&self, range: Range<u64>) -> object_store::Result<Bytes> {
        let options = GetOptions {
            range: Some(GetRange::Bounded(range)),
            if_match: self.meta.e_tag.clone(),
            // A store without eTags still tells a later version by its time.
            if_unmodified_since: self.meta.e_tag.is_none().then_some(self.meta.last_modified),
            ..GetOptions::default()
        };
        self.store.get_opts(&self.meta.location, options).await?.bytes().await
    }

    fn error(&self, error: object_store::Error) -> ParquetError {
        use object_store::Error::{NotFound, Precondition};
        if matches!(error, NotFound { .. } | Precondition { .. }) {
            *lock(&self.log.replaced) = Some(self.meta.location.to_string());
        }
        ParquetError::External(Box::new(error))
    }
}

impl AsyncFileReader for VersionedReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        async move { self.read(range).await.map_err(|error| self.error(error)) }.boxed()
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, parquet::errors::Result<Vec<Bytes>>> {
        async move {
            let reader = &*self;
            coalesce_ranges(&ranges, |range| reader.read(range), OBJECT_STORE_COALESCE_DEFAULT)
                .await
                .map_err(|error| reader.error(error))
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::errors::Result<Arc<ParquetMetaData>>> {
        async move {
            let size = self.meta.size;
            let reader = ParquetMetaDataReader::new()
                .with_arrow_reader_options(options)
                .with_prefetch_hint(Some(FOOTER_HINT));
            reader.load_and_finish(self, size).await.map(Arc::new)
        }
        .boxed()
    }
}

impl Debug for VersionedReader {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("VersionedReader").field(&self.meta.location).finish()
    }
}
