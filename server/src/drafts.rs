//! Drafts of transformations: one per person and dataset, found again after a reload and on another
//! device.

use app::api::drafts::{Draft, DraftToKeep};
use database::{Database, columns, failed};
use domain::dataset::DatasetId;
use domain::environment::EnvironmentName;
use domain::{Error, Result};
use jiff::Timestamp;

/// Longest SQL that is kept, in bytes: far beyond what a person writes.
const LONGEST: usize = 200_000;

const FIND: &str = "SELECT sql_text, base_version, kept_at FROM transformation_drafts \
     WHERE environment = $1 AND dataset = $2 AND owner = $3";
const KEEP: &str = "INSERT INTO transformation_drafts \
     (environment, dataset, owner, sql_text, base_version, kept_at) VALUES ($1, $2, $3, $4, $5, $6) \
     ON CONFLICT (environment, dataset, owner) DO UPDATE SET sql_text = excluded.sql_text, \
     base_version = excluded.base_version, kept_at = excluded.kept_at";
const DISCARD: &str = "DELETE FROM transformation_drafts \
     WHERE environment = $1 AND dataset = $2 AND owner = $3";

/// Whose draft of what. Nobody sees another person's.
#[derive(Debug, Clone, Copy)]
pub struct DraftOf<'a> {
    /// The environment.
    pub environment: &'a EnvironmentName,
    /// The dataset.
    pub dataset: &'a DatasetId,
    /// The user's id.
    pub owner: &'a str,
}

/// All drafts.
#[derive(Debug, Clone)]
pub struct Drafts {
    database: Database,
}

impl Drafts {
    /// Over the console's database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// The draft, if there is one.
    pub async fn find(&self, whose: DraftOf<'_>) -> Result<Option<Draft>> {
        let row = sqlx::query(FIND)
            .bind(whose.environment.to_string())
            .bind(whose.dataset.to_string())
            .bind(whose.owner.to_owned())
            .fetch_optional(self.database.reader()?)
            .await
            .map_err(failed("read a draft"))?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Draft {
            sql: columns::text(&row, "sql_text")?,
            base: columns::count("base_version", columns::integer(&row, "base_version")?)?,
            kept_at: columns::from_micros(columns::integer(&row, "kept_at")?)?,
        }))
    }

    /// Keeps a draft in place of the one before. [`domain::ErrorKind::Invalid`] when it is too long.
    pub async fn keep(
        &self,
        whose: DraftOf<'_>,
        draft: &DraftToKeep,
        now: Timestamp,
    ) -> Result<Draft> {
        if draft.sql.len() > LONGEST {
            let message = format!("a draft may have {LONGEST} bytes, this one has more");
            return Err(Error::invalid(message));
        }
        let now = columns::whole_micros(now)?;
        let query = sqlx::query(KEEP)
            .bind(whose.environment.to_string())
            .bind(whose.dataset.to_string())
            .bind(whose.owner.to_owned())
            .bind(draft.sql.clone())
            .bind(columns::number("base version", draft.base)?)
            .bind(now.as_microsecond());
        self.database.change("keep a draft", query).await?;
        Ok(Draft { sql: draft.sql.clone(), base: draft.base, kept_at: now })
    }

    /// Forgets a draft; nothing happens when there is none.
    pub async fn discard(&self, whose: DraftOf<'_>) -> Result<()> {
        let query = sqlx::query(DISCARD)
            .bind(whose.environment.to_string())
            .bind(whose.dataset.to_string())
            .bind(whose.owner.to_owned());
        self.database.change("discard a draft", query).await.map(drop)
    }
}
