//! A lake in a temporary folder, worked on in this process and looked at from outside.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use domain::arrival::Arrival;
use domain::column::{Column, ColumnType};
use domain::notification::Notification;
use domain::partition::Partition;
use domain::query::QueryLimits;
use domain::run::{Run, RunId, Trigger};
use domain::source::{CsvDialect, Format, MalformedPolicy, PartitionRule, Source};
use etl_embedded::{UploadLimits, land};
use etl_engine::raw_to_conformed::Progress;
use etl_engine::run::{ClaimRequest, EngineSettings, RunFilter, attempt, record_arrival};
use jiff::{SignedDuration, Timestamp};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use server::compose;
use server::config::LakeConfig;
use server::open_lake::OpenLake;
use tokio_util::sync::CancellationToken;

/// The dataset that most tests use.
pub(crate) const ORDERS: &str = "shop/orders";
/// Its transformation, which is local to partitions.
pub(crate) const ORDERS_SQL: &str = "SELECT year, month, day, count(*) AS orders, \
     sum(id) AS ids, sum(amount) AS amount FROM shop.orders GROUP BY year, month, day";

/// An open lake and its folder.
pub(crate) struct TestLake {
    folder: tempfile::TempDir,
    pub(crate) embedded: OpenLake,
}

impl TestLake {
    /// An empty lake.
    pub(crate) async fn new() -> Self {
        Self::open(tempfile::tempdir().unwrap(), None).await
    }

    /// An empty lake with its state in the database at a URL.
    pub(crate) async fn on(database_url: &str) -> Self {
        Self::open(tempfile::tempdir().unwrap(), Some(database_url.to_owned())).await
    }

    async fn open(folder: tempfile::TempDir, database_url: Option<String>) -> Self {
        let config = LakeConfig {
            aws: None,
            data_dir: folder.path().to_owned(),
            environment: "dev".parse().unwrap(),
            database_url,
            webhook_url: None,
            targets: BTreeMap::new(),
            uploads: UploadLimits::default(),
            settings: EngineSettings::default(),
        };
        let embedded = compose::open(&config).await.unwrap();
        Self { folder, embedded }
    }

    /// A lake in which the orders are registered, by ingest date, and have their transformation.
    pub(crate) async fn with_orders() -> Self {
        let lake = Self::new().await;
        lake.register(&orders()).await;
        lake.transform(ORDERS, ORDERS_SQL).await;
        lake
    }

    /// A twin of a lake in which nothing is going on. Files are shared: none is changed in place.
    pub(crate) async fn twin(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(self.path(), folder.path());
        Self::open(folder, None).await
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of a zone.
    pub(crate) fn zone(&self, zone: &str) -> PathBuf {
        self.path().join("dev").join(zone)
    }

    /// Saves a source as the next version.
    pub(crate) async fn register(&self, source: &Source) {
        let sources = &self.embedded.lake.sources;
        let base = sources.current(&source.dataset).await.unwrap().map_or(0, |old| old.version);
        sources.save(source, "test", base).await.unwrap();
        let ledger = &self.embedded.lake.ledger;
        ledger.release_held(&source.dataset, Timestamp::now()).await.unwrap();
    }

    /// Saves SQL as the next version, unchecked.
    pub(crate) async fn transform(&self, dataset: &str, sql: &str) {
        let (store, dataset) = (&self.embedded.lake.transformations, dataset.parse().unwrap());
        let base = store.current(&dataset).await.unwrap().map_or(0, |old| old.version);
        store.save(&dataset, sql, "test", "", base).await.unwrap();
    }

    /// Lands bytes at a key.
    pub(crate) async fn land(&self, key: &str, bytes: impl AsRef<[u8]>) -> Arrival {
        land(self.embedded.lake.raw.as_ref(), key, bytes.as_ref(), |_| {}).await.unwrap()
    }

    /// Records an arrival.
    pub(crate) async fn record(&self, arrival: &Arrival) -> Run {
        let lake = &self.embedded.lake;
        let recorded = record_arrival(lake, arrival.clone(), Trigger::Event, "test").await;
        recorded.unwrap().run().clone()
    }

    /// Lands bytes at a key, carries out all that is due, and returns the run.
    pub(crate) async fn ingest(&self, key: &str, bytes: impl AsRef<[u8]>) -> Run {
        let arrival = self.land(key, bytes).await;
        self.ingest_arrival(&arrival).await
    }

    /// Records an arrival, carries out all that is due, and returns the run.
    pub(crate) async fn ingest_arrival(&self, arrival: &Arrival) -> Run {
        let run = self.record(arrival).await;
        self.carry_out_all().await;
        self.run(run.id).await
    }

    /// Carries out everything, as if all leases had run out and all waits were over.
    pub(crate) async fn carry_out_all(&self) {
        let settings = &self.embedded.settings;
        let request = ClaimRequest {
            worker: settings.worker.clone(),
            lease: settings.lease,
            max_attempts: settings.max_attempts,
        };
        let lake = &self.embedded.lake;
        loop {
            let later = Timestamp::now() + SignedDuration::from_mins(10);
            let Some(claim) = lake.ledger.claim(&request, later).await.unwrap() else { return };
            let progress = Arc::new(Progress::default());
            attempt(lake, claim, settings, &CancellationToken::new(), &progress).await.unwrap();
        }
    }

    pub(crate) async fn run(&self, id: RunId) -> Run {
        self.embedded.lake.ledger.run(id).await.unwrap().unwrap()
    }

    /// All runs, oldest first.
    pub(crate) async fn runs(&self) -> Vec<Run> {
        let filter = RunFilter { limit: 1_000, ..RunFilter::default() };
        let mut runs = self.embedded.lake.ledger.list(&filter).await.unwrap();
        runs.reverse();
        runs
    }

    /// Takes everything out of the outbox.
    pub(crate) async fn notifications(&self) -> Vec<Notification> {
        let (outbox, now) = (&self.embedded.lake.outbox, Timestamp::now());
        let later = now + SignedDuration::from_mins(10);
        let pending = outbox.take_due(now, later, 1_000).await.unwrap();
        pending.into_iter().map(|pending| pending.notification).collect()
    }

    /// Runs a query and returns its rows, cells as text.
    pub(crate) async fn query(&self, sql: &str) -> Vec<Vec<String>> {
        let limits = QueryLimits::default();
        let service = self.embedded.query().unwrap();
        let result = service.run(sql, &limits, &CancellationToken::new()).await.unwrap();
        rows(&result.batches)
    }

    /// Path and bytes of every file in the tables of both zones.
    pub(crate) fn table_files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        for zone in ["conformed", "purpose-built"] {
            for path in files_below(&self.zone(zone)) {
                let relative = path.strip_prefix(self.path()).unwrap().to_str().unwrap().to_owned();
                if !relative.contains("/_") && !relative.contains("/.") {
                    files.insert(relative, fs::read(&path).unwrap());
                }
            }
        }
        files
    }

    /// Every catalog partition: table, day, rows, bytes, files.
    pub(crate) async fn catalog(&self) -> BTreeMap<(String, Partition), (u64, u64, u64)> {
        let catalog = &self.embedded.lake.catalog;
        let mut found = BTreeMap::new();
        for table in catalog.tables(None).await.unwrap() {
            for stored in catalog.partitions(&table.name, None).await.unwrap() {
                let counts = (stored.rows, stored.bytes, stored.files);
                found.insert((table.name.to_string(), stored.partition), counts);
            }
        }
        found
    }

    /// Asserts that catalog and files say the same: partitions, rows, bytes and numbers of files.
    pub(crate) async fn check_catalog(&self) {
        let mut there: BTreeMap<(String, Partition), (u64, u64, u64)> = BTreeMap::new();
        for table in self.embedded.lake.catalog.tables(None).await.unwrap() {
            let folder = self.zone(table.zone.as_str()).join(&table.location);
            for path in files_below(&folder) {
                let entry = there.entry((table.name.to_string(), day_of(&path))).or_default();
                entry.0 += rows_of(&path);
                entry.1 += fs::metadata(&path).unwrap().len();
                entry.2 += 1;
            }
        }
        assert_eq!(self.catalog().await, there);
    }
}

/// A registration of CSV files with the columns id, on_date and amount.
pub(crate) fn orders() -> Source {
    source(ORDERS)
}

/// As [`orders`], for another dataset.
pub(crate) fn source(dataset: &str) -> Source {
    let columns =
        [("id", ColumnType::BigInt), ("on_date", ColumnType::Date), ("amount", ColumnType::Double)];
    let columns = columns.map(|(name, kind)| Column::new(name, kind)).into();
    let format = Format::Csv(CsvDialect::default());
    Source {
        malformed: MalformedPolicy::Quarantine { max_rows: 1_000, max_rate: 1.0 },
        ..Source::new(dataset.parse().unwrap(), "test", format, columns)
    }
}

/// The orders, partitioned by their date.
pub(crate) fn orders_by_date() -> Source {
    let partition = PartitionRule::DateColumn { column: "on_date".into() };
    Source { partition, ..orders() }
}

/// A file of orders: ids, each with its day of August 2020; the amount is a quarter of
/// the id, so that sums are exact in whatever order they are made.
pub(crate) fn file(rows: impl IntoIterator<Item = (u64, u8)>) -> String {
    let mut text = "id,on_date,amount\n".to_owned();
    for (id, day) in rows {
        text.push_str(&format!("{id},2020-08-{day:02},{}.{:02}\n", id / 4, id % 4 * 25));
    }
    text
}

/// All files below a folder, sorted.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(files_below(&path)),
            false => files.push(path),
        }
    }
    files.sort();
    files
}

/// Rows of batches, cells as text.
pub(crate) fn rows(batches: &[RecordBatch]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let cell = |column| arrow::util::display::array_value_to_string(column, row).unwrap();
            rows.push(batch.columns().iter().map(|column| cell(column)).collect());
        }
    }
    rows
}

/// Rows of a Parquet file.
pub(crate) fn rows_of(path: &Path) -> u64 {
    let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).unwrap()).unwrap();
    u64::try_from(reader.metadata().file_metadata().num_rows()).unwrap()
}

fn day_of(path: &Path) -> Partition {
    let parts: Vec<_> = path.to_str().unwrap().split('/').collect();
    let value = |key: &str| parts.iter().find_map(|part| part.strip_prefix(key)).unwrap();
    Partition::from_values(value("year="), value("month="), value("day=")).unwrap()
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else if path.to_str().unwrap().contains("sluice.sqlite") {
            fs::copy(&path, &target).unwrap();
        } else {
            // The same inode keeps the eTag, so that the raw zone's sweep finds nothing new.
            fs::hard_link(&path, &target).unwrap();
        }
    }
}
