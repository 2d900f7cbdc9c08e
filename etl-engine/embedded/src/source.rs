//! The source registry in SQL: rows are added, never changed.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use domain::dataset::DatasetId;
use domain::environment::EnvironmentName;
use domain::source::Source;
use domain::{Error, Result};
use etl_engine::source::{SourceRegistry, SourceVersion};
use jiff::Timestamp;
use sqlx::any::AnyRow;

use database::columns::{self, from_json, from_micros, micros, number, to_json};
use database::{Database, failed, retrying};

const HISTORY: &str = "SELECT version, document, author, saved_at FROM source_versions \
     WHERE environment = $1 AND dataset = $2 ORDER BY version DESC LIMIT $3";
const COUNT: &str = "SELECT COUNT(*) AS versions FROM source_versions WHERE environment = $1";
const LIST: &str = "SELECT version, document, author, saved_at FROM source_versions AS saved \
     WHERE environment = $1 AND version = (SELECT MAX(version) FROM source_versions AS newest \
     WHERE newest.environment = $1 AND newest.dataset = saved.dataset)";
/// Adds nothing when the base is not the newest version, or when another was added meanwhile.
const SAVE: &str = "INSERT INTO source_versions \
     (environment, dataset, version, document, author, saved_at) \
     SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT COALESCE(MAX(version), 0) FROM source_versions \
     WHERE environment = $1 AND dataset = $2) = $3 - 1 ON CONFLICT DO NOTHING";

/// The [`SourceRegistry`] of one environment in a [`Database`].
#[derive(Debug, Clone)]
pub struct SqlSourceRegistry {
    database: Database,
    environment: EnvironmentName,
    listed: Arc<Mutex<Option<Listed>>>,
}

/// The newest versions when so many had been saved. Rows are never changed or removed, so that as
/// many rows are the same rows: lists of a thousand sources need not be read again.
#[derive(Debug)]
struct Listed {
    versions: i64,
    newest: Vec<SourceVersion>,
}

impl SqlSourceRegistry {
    /// The registry of an environment.
    pub fn new(database: Database, environment: EnvironmentName) -> Self {
        Self { database, environment, listed: Arc::default() }
    }

    async fn count(&self) -> Result<i64> {
        let row = sqlx::query(COUNT)
            .bind(self.environment.to_string())
            .fetch_one(self.database.reader()?)
            .await
            .map_err(failed("count registrations"))?;
        columns::integer(&row, "versions")
    }

    async fn newest(&self, dataset: &DatasetId, limit: i64) -> Result<Vec<SourceVersion>> {
        let rows = sqlx::query(HISTORY)
            .bind(self.environment.to_string())
            .bind(dataset.to_string())
            .bind(limit)
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("read a registration"))?;
        rows.iter().map(decode).collect()
    }

    async fn insert(&self, saved: &SourceVersion) -> Result<bool> {
        let mut transaction = self.database.begin().await?;
        let done = sqlx::query(SAVE)
            .bind(self.environment.to_string())
            .bind(saved.source.dataset.to_string())
            .bind(number("version", saved.version)?)
            .bind(to_json(&saved.source)?)
            .bind(saved.author.clone())
            .bind(micros(saved.saved_at))
            .execute(&mut *transaction)
            .await
            .map_err(failed("save a registration"))?;
        transaction.commit().await.map_err(failed("save a registration"))?;
        Ok(done.rows_affected() == 1)
    }
}

#[async_trait]
impl SourceRegistry for SqlSourceRegistry {
    async fn current(&self, dataset: &DatasetId) -> Result<Option<SourceVersion>> {
        Ok(self.newest(dataset, 1).await?.pop())
    }

    async fn list(&self) -> Result<Vec<SourceVersion>> {
        // Counted before they are read: what is saved in between is read again next time.
        let versions = self.count().await?;
        {
            let listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = listed.as_ref().filter(|known| known.versions == versions) {
                return Ok(known.newest.clone());
            }
        }
        let rows = sqlx::query(LIST)
            .bind(self.environment.to_string())
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("list registrations"))?;
        let mut newest = rows.iter().map(decode).collect::<Result<Vec<_>>>()?;
        // Sorted here, because databases sort text by their own locale.
        newest.sort_by(|one, other| one.source.dataset.cmp(&other.source.dataset));
        let listed = Listed { versions, newest: newest.clone() };
        *self.listed.lock().unwrap_or_else(PoisonError::into_inner) = Some(listed);
        Ok(newest)
    }

    async fn history(&self, dataset: &DatasetId) -> Result<Vec<SourceVersion>> {
        self.newest(dataset, i64::MAX).await
    }

    async fn save(&self, source: &Source, author: &str, base: u64) -> Result<SourceVersion> {
        source.validate()?;
        let saved = SourceVersion {
            version: base + 1,
            source: source.clone(),
            author: author.to_owned(),
            saved_at: columns::whole_micros(Timestamp::now())?,
        };
        if retrying(|| self.insert(&saved)).await? {
            return Ok(saved);
        }
        let current = self.current(&source.dataset).await?.map_or(0, |current| current.version);
        Err(Error::conflict(format!(
            "source {} is at version {current}, not {base}: read it again and repeat your change",
            source.dataset
        )))
    }
}

fn decode(row: &AnyRow) -> Result<SourceVersion> {
    Ok(SourceVersion {
        version: columns::count("version", columns::integer(row, "version")?)?,
        source: from_json("document", &columns::text(row, "document")?)?,
        author: columns::text(row, "author")?,
        saved_at: from_micros(columns::integer(row, "saved_at")?)?,
    })
}
