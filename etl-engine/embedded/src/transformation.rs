//! The transformation store in SQL: rows are added, never changed.

use async_trait::async_trait;
use domain::dataset::DatasetId;
use domain::environment::EnvironmentName;
use domain::transformation::Transformation;
use domain::{Error, Result};
use etl_engine::transformation::TransformationStore;
use jiff::Timestamp;
use sqlx::any::AnyRow;

use database::columns::{self, from_micros, micros, number};
use database::{Database, failed, retrying};

const HISTORY: &str = "SELECT dataset, version, query_text, author, message, saved_at \
     FROM transformation_versions \
     WHERE environment = $1 AND dataset = $2 ORDER BY version DESC LIMIT $3";
const ONE: &str = "SELECT dataset, version, query_text, author, message, saved_at \
     FROM transformation_versions WHERE environment = $1 AND dataset = $2 AND version = $3";
const LIST: &str = "SELECT dataset, version, query_text, author, message, saved_at \
     FROM transformation_versions AS saved WHERE environment = $1 AND version = \
     (SELECT MAX(version) FROM transformation_versions AS newest \
     WHERE newest.environment = $1 AND newest.dataset = saved.dataset)";
/// Adds nothing when the base is not the newest version, or when another was added meanwhile.
const SAVE: &str = "INSERT INTO transformation_versions \
     (environment, dataset, version, query_text, author, message, saved_at) \
     SELECT $1, $2, $3, $4, $5, $6, $7 WHERE (SELECT COALESCE(MAX(version), 0) \
     FROM transformation_versions WHERE environment = $1 AND dataset = $2) = $3 - 1 \
     ON CONFLICT DO NOTHING";

/// The [`TransformationStore`] of one environment in a [`Database`].
#[derive(Debug, Clone)]
pub struct SqlTransformationStore {
    database: Database,
    environment: EnvironmentName,
}

impl SqlTransformationStore {
    /// The store of an environment.
    pub fn new(database: Database, environment: EnvironmentName) -> Self {
        Self { database, environment }
    }

    async fn newest(&self, dataset: &DatasetId, limit: i64) -> Result<Vec<Transformation>> {
        let rows = sqlx::query(HISTORY)
            .bind(self.environment.to_string())
            .bind(dataset.to_string())
            .bind(limit)
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("read a transformation"))?;
        rows.iter().map(decode).collect()
    }

    async fn insert(&self, saved: &Transformation) -> Result<bool> {
        let mut transaction = self.database.begin().await?;
        let done = sqlx::query(SAVE)
            .bind(self.environment.to_string())
            .bind(saved.dataset.to_string())
            .bind(number("version", saved.version)?)
            .bind(saved.sql.clone())
            .bind(saved.author.clone())
            .bind(saved.message.clone())
            .bind(micros(saved.saved_at))
            .execute(&mut *transaction)
            .await
            .map_err(failed("save a transformation"))?;
        transaction.commit().await.map_err(failed("save a transformation"))?;
        Ok(done.rows_affected() == 1)
    }
}

#[async_trait]
impl TransformationStore for SqlTransformationStore {
    async fn current(&self, dataset: &DatasetId) -> Result<Option<Transformation>> {
        Ok(self.newest(dataset, 1).await?.pop())
    }

    async fn version(&self, dataset: &DatasetId, version: u64) -> Result<Option<Transformation>> {
        let row = sqlx::query(ONE)
            .bind(self.environment.to_string())
            .bind(dataset.to_string())
            .bind(number("version", version)?)
            .fetch_optional(self.database.reader()?)
            .await
            .map_err(failed("read a transformation"))?;
        row.as_ref().map(decode).transpose()
    }

    async fn list(&self) -> Result<Vec<Transformation>> {
        let rows = sqlx::query(LIST)
            .bind(self.environment.to_string())
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("list transformations"))?;
        let mut versions = rows.iter().map(decode).collect::<Result<Vec<_>>>()?;
        // Sorted here, because databases sort text by their own locale.
        versions.sort_by(|one, other| one.dataset.cmp(&other.dataset));
        Ok(versions)
    }

    async fn history(&self, dataset: &DatasetId) -> Result<Vec<Transformation>> {
        self.newest(dataset, i64::MAX).await
    }

    async fn save(
        &self,
        dataset: &DatasetId,
        sql: &str,
        author: &str,
        message: &str,
        base: u64,
    ) -> Result<Transformation> {
        let saved = Transformation {
            dataset: dataset.clone(),
            version: base + 1,
            sql: sql.to_owned(),
            author: author.to_owned(),
            message: message.to_owned(),
            saved_at: columns::whole_micros(Timestamp::now())?,
        };
        if retrying(|| self.insert(&saved)).await? {
            return Ok(saved);
        }
        let current = self.current(dataset).await?.map_or(0, |current| current.version);
        Err(Error::conflict(format!(
            "the transformation of {dataset} is at version {current}, not {base}: compare and \
             repeat your change"
        )))
    }
}

fn decode(row: &AnyRow) -> Result<Transformation> {
    Ok(Transformation {
        dataset: columns::parsed(("dataset", columns::text(row, "dataset")?))?,
        version: columns::count("version", columns::integer(row, "version")?)?,
        sql: columns::text(row, "query_text")?,
        author: columns::text(row, "author")?,
        message: columns::text(row, "message")?,
        saved_at: from_micros(columns::integer(row, "saved_at")?)?,
    })
}
