//! Writes a stream of rows as one staged Parquet file per partition, encoding on all cores.
//!
//! The order of rows and the borders of row groups depend on the rows alone, never on timing, so
//! that the same input gives the same bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use domain::partition::Partition;
use domain::run::StagedFile;
use domain::{Error, Result};
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use object_store::ObjectStore;
use tokio::task::JoinHandle;

use super::ParquetFile;
use super::encode::{RowGroup, row_group};

/// Bounds of a [`PartitionedWriter`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriterSettings {
    /// Rows in a row group.
    pub row_group_rows: usize,
    /// Row groups encoded at the same time.
    pub parallelism: usize,
    /// Bytes of rows that may wait, over all partitions, before the fullest one is written early.
    pub buffer_bytes: usize,
    /// Bytes of a file kept before they are sent to the store.
    pub part_bytes: usize,
    /// Most partitions one run may write.
    pub max_partitions: usize,
}

impl Default for WriterSettings {
    fn default() -> Self {
        Self {
            row_group_rows: 128 * 1024,
            parallelism: 2,
            buffer_bytes: 256 * 1024 * 1024,
            part_bytes: 256 * 1024,
            max_partitions: 4_000,
        }
    }
}

/// Stages one file per partition below one folder.
pub struct PartitionedWriter {
    store: Arc<dyn ObjectStore>,
    folder: String,
    schema: SchemaRef,
    settings: WriterSettings,
    files: BTreeMap<Partition, Open>,
    encoding: FuturesOrdered<Encoding>,
    waiting_bytes: usize,
}

type Encoding = futures::future::BoxFuture<'static, (Partition, Result<RowGroup>)>;

struct Open {
    staged: String,
    file: ParquetFile,
    waiting: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
}

impl PartitionedWriter {
    /// A writer that stages below `folder` of `store`.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        folder: String,
        schema: SchemaRef,
        settings: WriterSettings,
    ) -> Self {
        Self {
            store,
            folder,
            schema,
            settings,
            files: BTreeMap::new(),
            encoding: FuturesOrdered::new(),
            waiting_bytes: 0,
        }
    }

    /// Adds rows to a partition, after those added before.
    pub async fn write(&mut self, partition: Partition, mut batch: RecordBatch) -> Result<()> {
        while batch.num_rows() > 0 {
            let target = self.settings.row_group_rows;
            let open = self.open(partition)?;
            let taken = batch.slice(0, batch.num_rows().min(target - open.rows));
            batch = batch.slice(taken.num_rows(), batch.num_rows() - taken.num_rows());
            // A slice reports the memory of all it was cut from, so its share is estimated by rows.
            let bytes = taken.num_rows() * bytes_per_row(&taken);
            open.rows += taken.num_rows();
            open.bytes += bytes;
            open.waiting.push(taken);
            let full = open.rows >= target;
            self.waiting_bytes += bytes;
            if full {
                self.encode(partition).await?;
            }
        }
        while self.waiting_bytes > self.settings.buffer_bytes {
            let Some(fullest) = self.fullest() else { break };
            self.encode(fullest).await?;
        }
        Ok(())
    }

    /// Writes what waits and completes all files. They come in the order of their partitions;
    /// `target` names the place that each one is to take.
    pub async fn finish(mut self, target: impl Fn(Partition) -> String) -> Result<Vec<StagedFile>> {
        let partitions: Vec<_> = self.files.keys().copied().collect();
        for partition in partitions {
            self.encode(partition).await?;
        }
        while !self.encoding.is_empty() {
            self.append_next().await?;
        }
        let mut staged = Vec::with_capacity(self.files.len());
        for (partition, open) in std::mem::take(&mut self.files) {
            let (rows, bytes) = open.file.close().await?;
            staged.push(StagedFile {
                staged: open.staged,
                target: target(partition),
                partition,
                rows,
                bytes,
            });
        }
        Ok(staged)
    }

    /// Gives up everything that was staged.
    pub async fn abort(self) {
        for open in self.files.into_values() {
            open.file.abort().await;
        }
    }

    fn open(&mut self, partition: Partition) -> Result<&mut Open> {
        let count = self.files.len();
        match self.files.entry(partition) {
            std::collections::btree_map::Entry::Occupied(entry) => Ok(entry.into_mut()),
            std::collections::btree_map::Entry::Vacant(_)
                if count >= self.settings.max_partitions =>
            {
                Err(Error::invalid(format!(
                    "the rows fall on more than {count} days: check the partition rule, or split \
                     the file"
                )))
            }
            std::collections::btree_map::Entry::Vacant(entry) => {
                let staged = format!("{}/{partition}.parquet", self.folder);
                let file = ParquetFile::create(
                    Arc::clone(&self.store),
                    staged.clone(),
                    &self.schema,
                    self.settings.part_bytes,
                )?;
                Ok(entry.insert(Open { staged, file, waiting: Vec::new(), rows: 0, bytes: 0 }))
            }
        }
    }

    fn fullest(&self) -> Option<Partition> {
        let waiting = self.files.iter().filter(|(_, open)| open.rows > 0);
        waiting.max_by_key(|(_, open)| open.bytes).map(|(partition, _)| *partition)
    }

    /// Sends what waits for a partition to be encoded as one row group.
    async fn encode(&mut self, partition: Partition) -> Result<()> {
        while self.encoding.len() >= self.settings.parallelism {
            self.append_next().await?;
        }
        let Some(open) = self.files.get_mut(&partition).filter(|open| open.rows > 0) else {
            return Ok(());
        };
        let batches = std::mem::take(&mut open.waiting);
        self.waiting_bytes -= std::mem::take(&mut open.bytes);
        open.rows = 0;
        let writers = open.file.begin_row_group()?;
        let schema = Arc::clone(&self.schema);
        let task: JoinHandle<Result<RowGroup>> =
            tokio::task::spawn_blocking(move || row_group(&schema, writers, &batches));
        self.encoding.push_back(Box::pin(async move {
            let encoded = task.await.unwrap_or_else(|error| {
                Err(Error::internal(format!("encoding Parquet was cut off: {error}")))
            });
            (partition, encoded)
        }));
        Ok(())
    }

    /// Appends the oldest row group in the making to its file.
    async fn append_next(&mut self) -> Result<()> {
        let Some((partition, encoded)) = self.encoding.next().await else { return Ok(()) };
        match self.files.get_mut(&partition) {
            Some(open) => open.file.append(encoded?).await,
            None => Err(Error::internal(format!("partition {partition} was closed too early"))),
        }
    }
}

fn bytes_per_row(batch: &RecordBatch) -> usize {
    let fixed = 8 * batch.num_columns();
    let text: usize = batch
        .columns()
        .iter()
        .filter_map(|column| column.as_any().downcast_ref::<arrow::array::StringArray>())
        .map(|text| {
            let offsets = text.value_offsets();
            let end = offsets.last().copied().unwrap_or_default();
            usize::try_from(end - offsets.first().copied().unwrap_or_default()).unwrap_or_default()
        })
        .sum();
    fixed + text / batch.num_rows().max(1)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, RecordBatch};
    use arrow::datatypes::{DataType, Field, Schema};
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;

    fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]))
    }

    fn numbers(range: std::ops::Range<i64>) -> RecordBatch {
        RecordBatch::try_new(schema(), vec![Arc::new(Int64Array::from_iter_values(range))]).unwrap()
    }

    fn day(day: i8) -> Partition {
        Partition::of(jiff::civil::date(2020, 8, day)).unwrap()
    }

    async fn read(store: &InMemory, path: &str) -> Vec<i64> {
        let bytes = store.get(&path.into()).await.unwrap().bytes().await.unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
        reader
            .flat_map(|batch| {
                let batch = batch.unwrap();
                let column = batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap();
                column.values().to_vec()
            })
            .collect()
    }

    async fn stage(
        settings: WriterSettings,
        batch_rows: usize,
    ) -> (Arc<InMemory>, Vec<StagedFile>) {
        let store = Arc::new(InMemory::new());
        let mut writer = PartitionedWriter::new(
            Arc::clone(&store) as _,
            "_staging/x".into(),
            schema(),
            settings,
        );
        for start in (0..1000).step_by(batch_rows) {
            let end = (start + batch_rows as i64).min(1000);
            writer.write(day(1), numbers(start..end)).await.unwrap();
            writer.write(day(2), numbers(start + 5000..end + 5000)).await.unwrap();
        }
        let files = writer.finish(|partition| format!("t/{}", partition.path())).await.unwrap();
        (store, files)
    }

    #[tokio::test]
    async fn rows_keep_their_order_and_partition() {
        let settings = WriterSettings { row_group_rows: 64, ..WriterSettings::default() };
        let (store, files) = stage(settings, 7).await;
        assert_eq!(files.iter().map(|file| file.rows).collect::<Vec<_>>(), [1000, 1000]);
        assert_eq!(read(&store, &files[0].staged).await, (0..1000).collect::<Vec<_>>());
        assert_eq!(files[0].target, "t/year=2020/month=08/day=01");
    }

    #[tokio::test]
    async fn a6_the_same_rows_give_the_same_bytes_however_they_are_cut() {
        let settings = WriterSettings { row_group_rows: 64, ..WriterSettings::default() };
        let (first, files) = stage(settings, 7).await;
        let (second, _) = stage(settings, 129).await;
        for file in &files {
            let path = file.staged.as_str().into();
            let bytes = first.get(&path).await.unwrap().bytes().await.unwrap();
            assert!(bytes == second.get(&path).await.unwrap().bytes().await.unwrap(), "{path}");
            assert_eq!(bytes.len() as u64, file.bytes);
        }
    }

    #[tokio::test]
    async fn memory_is_bounded_by_writing_early() {
        let settings = WriterSettings { buffer_bytes: 100, ..WriterSettings::default() };
        let (store, files) = stage(settings, 50).await;
        assert_eq!(read(&store, &files[1].staged).await.len(), 1000);
    }

    #[tokio::test]
    async fn too_many_partitions_are_an_error_that_says_what_to_do() {
        let settings = WriterSettings { max_partitions: 1, ..WriterSettings::default() };
        let store = Arc::new(InMemory::new());
        let mut writer = PartitionedWriter::new(store, "s".into(), schema(), settings);
        writer.write(day(1), numbers(0..1)).await.unwrap();
        let error = writer.write(day(2), numbers(0..1)).await.unwrap_err();
        assert!(error.to_string().contains("partition rule"), "{error}");
    }
}
