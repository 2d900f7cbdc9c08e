//! Reads of Parquet files that never mix two versions of a file (promise A2).
//!
//! A scan remembers every file's eTag from the listing and reads with If-Match. When the file was
//! replaced meanwhile, the read fails, [`ReadLog::replaced`] says so, and whoever runs the query
//! lists again and starts over: a reader sees the old rows or the new ones, never both.
//!
//! Where files are replaced faster than a query can read them all, starting over does not end. Such
//! a query pins each file's version when it first opens the file instead ([`ReadLog::pinning`]).

use std::collections::{HashMap, VecDeque};
use std::fmt::{Debug, Formatter};
use std::ops::Range;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    GetOptions, GetRange, OBJECT_STORE_COALESCE_DEFAULT, ObjectMeta, ObjectStore, ObjectStoreExt,
    coalesce_ranges,
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
    /// Versions by path, when they are pinned at the first opening; else the listing's hold.
    pinned: Option<Mutex<HashMap<Path, ObjectMeta>>>,
    replaced: Mutex<Option<String>>,
    last_opened: Mutex<VecDeque<(Arc<dyn ObjectStore>, ObjectMeta)>>,
}

impl ReadLog {
    /// A log for scans that read the version that a file has when the query first opens it. All
    /// scans of the query then read this one, so that a table joined with itself is not mixed.
    pub fn pinning() -> Self {
        Self { pinned: Some(Mutex::default()), ..Self::default() }
    }

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
            let reader = VersionedReader { store, log: Arc::clone(self), meta, is_part: false };
            if let Err(error) = decode(reader).await {
                return Some((path, error));
            }
        }
        None
    }

    /// The version to read of a file that the listing saw as `listed`.
    async fn version_of(
        &self,
        store: &dyn ObjectStore,
        listed: &ObjectMeta,
    ) -> object_store::Result<ObjectMeta> {
        let Some(pinned) = &self.pinned else { return Ok(listed.clone()) };
        if let Some(known) = lock(pinned).get(&listed.location) {
            return Ok(known.clone());
        }
        let current = store.head(&listed.location).await?;
        Ok(lock(pinned).entry(listed.location.clone()).or_insert(current).clone())
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
        let is_part = file.range.is_some();
        Ok(Box::new(VersionedReader { store, log, meta: file.object_meta, is_part }))
    }
}

/// Reads the version of a file that the listing saw.
struct VersionedReader {
    store: Arc<dyn ObjectStore>,
    log: Arc<ReadLog>,
    meta: ObjectMeta,
    /// Whether another reader reads the rest of the file.
    is_part: bool,
}

impl VersionedReader {
    /// Settles on the version to read. The parts of a file were cut by its listed size, so they
    /// cannot move on to a version of another size.
    async fn settle(&mut self) -> parquet::errors::Result<()> {
        let version = self.log.version_of(self.store.as_ref(), &self.meta).await;
        let version = version.map_err(|error| self.error(error))?;
        if self.is_part && version.size != self.meta.size {
            let path = self.meta.location.to_string();
            return Err(self.error(object_store::Error::Precondition {
                path,
                source: "the file has another size than when it was listed".into(),
            }));
        }
        self.meta = version;
        Ok(())
    }

    /// A footer that names bytes the file does not have is a broken file, and not a store that is away.
    fn check(&self, range: &Range<u64>) -> parquet::errors::Result<()> {
        match range.end <= self.meta.size {
            true => Ok(()),
            false => Err(ParquetError::EOF(format!(
                "its footer names bytes up to {}, and it has {}",
                range.end, self.meta.size
            ))),
        }
    }

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
        async move {
            self.check(&range)?;
            self.read(range).await.map_err(|error| self.error(error))
        }
        .boxed()
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, parquet::errors::Result<Vec<Bytes>>> {
        async move {
            let reader = &*self;
            ranges.iter().try_for_each(|range| reader.check(range))?;
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
            self.settle().await?;
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
