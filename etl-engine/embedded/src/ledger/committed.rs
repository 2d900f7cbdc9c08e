//! What the conformed zone holds of each raw object, and the totals of its partitions.

use async_trait::async_trait;
use domain::Result;
use domain::dataset::DatasetId;
use domain::environment::EnvironmentName;
use domain::partition::Partition;
use domain::run::{CommittedFile, CommittedObject, Run};
use etl_engine::run::{CommittedObjects, PartitionTotals};
use sqlx::{AnyConnection, AssertSqlSafe};

use super::SqlRunLedger;
use database::columns::{self, to_json};
use database::failed;

const STORE: &str = "INSERT INTO committed_objects \
     (environment, dataset, object_key, document, run) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (environment, dataset, object_key) \
     DO UPDATE SET document = excluded.document, run = excluded.run";
const FORGET_FILES: &str = "DELETE FROM committed_files \
     WHERE environment = $1 AND dataset = $2 AND object_key = $3";
const STORE_FILE: &str = "INSERT INTO committed_files \
     (environment, dataset, object_key, partition_day, file_path, row_count, byte_count) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)";
const OBJECT: &str = "SELECT document FROM committed_objects \
     WHERE environment = $1 AND dataset = $2 AND object_key = $3";
const TOTALS: &str = "SELECT partition_day, CAST(SUM(row_count) AS BIGINT) AS row_count, \
     CAST(SUM(byte_count) AS BIGINT) AS byte_count, COUNT(*) AS file_count FROM committed_files \
     WHERE environment = $1 AND dataset = $2 AND partition_day IN";
/// Partitions asked for in one statement; both databases allow far more parameters.
const PARTITIONS_AT_ONCE: usize = 500;

/// Stores what an object holds, in place of what it held before.
pub(super) async fn store(
    connection: &mut AnyConnection,
    environment: &EnvironmentName,
    run: &Run,
    committed: &CommittedObject,
) -> Result<()> {
    let what = "store what an object holds";
    let (environment, dataset) = (environment.to_string(), run.dataset.to_string());
    let object = sqlx::query(STORE)
        .bind(environment.clone())
        .bind(dataset.clone())
        .bind(committed.key.clone())
        .bind(to_json(committed)?)
        .bind(committed.run.to_string());
    object.execute(&mut *connection).await.map_err(failed(what))?;
    let forget = sqlx::query(FORGET_FILES)
        .bind(environment.clone())
        .bind(dataset.clone())
        .bind(committed.key.clone());
    forget.execute(&mut *connection).await.map_err(failed(what))?;
    for file in &committed.files {
        store_file(connection, &environment, &dataset, &committed.key, file).await?;
    }
    Ok(())
}

async fn store_file(
    connection: &mut AnyConnection,
    environment: &str,
    dataset: &str,
    key: &str,
    file: &CommittedFile,
) -> Result<()> {
    let query = sqlx::query(STORE_FILE)
        .bind(environment.to_owned())
        .bind(dataset.to_owned())
        .bind(key.to_owned())
        .bind(file.partition.to_string())
        .bind(file.path.clone())
        .bind(i64::try_from(file.rows).unwrap_or(i64::MAX))
        .bind(i64::try_from(file.bytes).unwrap_or(i64::MAX));
    query.execute(connection).await.map(drop).map_err(failed("store a file of an object"))
}

#[async_trait]
impl CommittedObjects for SqlRunLedger {
    async fn object(&self, dataset: &DatasetId, key: &str) -> Result<Option<CommittedObject>> {
        let row = sqlx::query(OBJECT)
            .bind(self.environment.to_string())
            .bind(dataset.to_string())
            .bind(key.to_owned())
            .fetch_optional(self.database.reader()?)
            .await
            .map_err(failed("read what an object holds"))?;
        row.map(|row| columns::from_json("document", &columns::text(&row, "document")?)).transpose()
    }

    async fn totals(
        &self,
        dataset: &DatasetId,
        partitions: &[Partition],
    ) -> Result<Vec<PartitionTotals>> {
        let mut totals = Vec::with_capacity(partitions.len());
        for partitions in partitions.chunks(PARTITIONS_AT_ONCE) {
            let places: Vec<_> = (3..3 + partitions.len()).map(|n| format!("${n}")).collect();
            let statement = format!("{TOTALS} ({}) GROUP BY partition_day", places.join(", "));
            let mut query = sqlx::query(AssertSqlSafe(statement))
                .bind(self.environment.to_string())
                .bind(dataset.to_string());
            for partition in partitions {
                query = query.bind(partition.to_string());
            }
            let rows = query.fetch_all(self.database.reader()?).await;
            for row in rows.map_err(failed("sum up partitions"))? {
                let number = |name| {
                    columns::integer(&row, name).map(|n| u64::try_from(n).unwrap_or_default())
                };
                totals.push(PartitionTotals {
                    partition: columns::text(&row, "partition_day")?.parse()?,
                    rows: number("row_count")?,
                    bytes: number("byte_count")?,
                    files: number("file_count")?,
                });
            }
        }
        totals.sort_by_key(|totals| totals.partition);
        Ok(totals)
    }
}
