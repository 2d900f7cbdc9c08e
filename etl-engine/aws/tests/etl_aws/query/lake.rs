//! A lake in an account of its own: buckets, Glue tables over Parquet files, a workgroup.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use aws::Account;
use aws_sdk_athena::Client;
use aws_sdk_athena::types::{ResultConfiguration, WorkGroupConfiguration};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use domain::column::ColumnType;
use domain::partition::Partition;
use domain::run::RunId;
use domain::table::CatalogPartition;
use etl_aws::{AthenaQueryService, AthenaSettings, GlueCatalog, GlueSettings};
use etl_engine::catalog::Catalog;
use etl_engine::query::readable::ReadableLake;
use etl_engine::query::sandbox::{DataFusionQueryService, QuerySettings};
use jiff::Timestamp;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use parquet::arrow::ArrowWriter;

use crate::catalog::{ada, settings, table, under_test, yellow};

pub(crate) const WORKGROUP: &str = "dev-lake-workgroup";

/// What a query may read, in both engines.
pub(crate) struct QueriedLake {
    pub(crate) catalog: Arc<GlueCatalog>,
    pub(crate) athena: Client,
    account: Account,
    s3: aws_sdk_s3::Client,
    conformed_bucket: String,
    /// The same files for DataFusion.
    conformed: Arc<InMemory>,
}

/// How Athena is used where nothing else is asked for.
pub(crate) fn athena_settings() -> AthenaSettings {
    AthenaSettings { workgroup: WORKGROUP.into(), concurrency: 4, max_waiting: 8, reuse: None }
}

impl QueriedLake {
    /// In an account with nothing in it; one empty table.
    pub(crate) async fn make(account: Account) -> Self {
        under_test(&account).await;
        // Names of buckets are shared by all accounts.
        let keys = account.settings().credentials.as_ref().unwrap();
        let bucket = |of: &str| format!("dev-lake-{}-{of}", keys.access_key);
        let (conformed_bucket, results) = (bucket("conformed"), bucket("query-results"));
        let settings = GlueSettings { conformed_bucket: conformed_bucket.clone(), ..settings() };
        let catalog = GlueCatalog::new(&account, settings);
        let s3 = s3_client(&account);
        for bucket in [&conformed_bucket, &results] {
            let region = BucketLocationConstraint::from(account.region());
            let place = CreateBucketConfiguration::builder().location_constraint(region).build();
            let call = s3.create_bucket().bucket(bucket).create_bucket_configuration(place);
            call.send().await.unwrap();
        }
        let athena = Client::new(account.sdk());
        let results = ResultConfiguration::builder()
            .output_location(format!("s3://{results}/athena/"))
            .build();
        let configuration = WorkGroupConfiguration::builder()
            .enforce_work_group_configuration(true)
            .result_configuration(results)
            .build();
        let call = athena.create_work_group().name(WORKGROUP).configuration(configuration);
        call.send().await.unwrap();
        let columns = [
            ("vendorid", ColumnType::BigInt),
            ("tip_amount", ColumnType::Double),
            ("flag", ColumnType::String),
        ];
        catalog.put_table(&table(&columns), &ada()).await.unwrap();
        let (catalog, conformed) = (Arc::new(catalog), Arc::default());
        Self { catalog, athena, account, s3, conformed_bucket, conformed }
    }

    /// Puts one file of the table into place and catalogues its day: vendors 0, 1, 2 and so on.
    pub(crate) async fn put_day(&self, day: &str, flags: &[Option<&str>]) {
        let partition: Partition = day.parse().unwrap();
        let count = flags.len() as i64;
        let columns: [(&str, ArrayRef); 3] = [
            ("vendorid", Arc::new(Int64Array::from_iter_values(0..count))),
            (
                "tip_amount",
                Arc::new(Float64Array::from_iter_values((0..count).map(|n| n as f64 / 4.0))),
            ),
            ("flag", Arc::new(StringArray::from(flags.to_vec()))),
        ];
        let batch = RecordBatch::try_from_iter_with_nullable(
            columns.map(|(name, column)| (name, column, true)),
        )
        .unwrap();
        let mut file = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();

        let key = format!("tlc/yellow/{}/part-0.parquet", partition.path());
        let stored = CatalogPartition {
            partition,
            rows: count as u64,
            bytes: file.len() as u64,
            files: 1,
            run: RunId::generate(),
            updated_at: Timestamp::UNIX_EPOCH,
        };
        self.conformed
            .put(&Path::from(key.as_str()), PutPayload::from(file.clone()))
            .await
            .unwrap();
        let put = self.s3.put_object().bucket(&self.conformed_bucket).key(key);
        put.body(ByteStream::from(file)).send().await.unwrap();
        self.catalog.put_partitions(&yellow(), &[stored]).await.unwrap();
    }

    /// Athena over this lake.
    pub(crate) fn athena(&self, settings: AthenaSettings) -> AthenaQueryService {
        AthenaQueryService::new(&self.account, settings, Arc::clone(&self.catalog) as _)
    }

    /// DataFusion over the same files and the same catalog.
    pub(crate) fn data_fusion(&self, spill: &std::path::Path) -> DataFusionQueryService {
        let lake = ReadableLake {
            catalog: Arc::clone(&self.catalog) as _,
            conformed: Arc::clone(&self.conformed) as _,
            purpose_built: Arc::new(InMemory::new()),
        };
        let settings = QuerySettings {
            spill_parent: spill.to_owned(),
            max_spill: 1 << 20,
            threads: 1,
            concurrency: 2,
            max_waiting: 2,
        };
        DataFusionQueryService::new(lake, settings).unwrap()
    }

    /// How many executions Athena was given.
    pub(crate) async fn executions(&self) -> Vec<String> {
        let listed = self.athena.list_query_executions().work_group(WORKGROUP).send().await;
        listed.unwrap().query_execution_ids.unwrap_or_default()
    }
}

/// Emulators have no host name for each bucket.
fn s3_client(account: &Account) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(account.sdk()).force_path_style(true);
    aws_sdk_s3::Client::from_conf(config.build())
}
