//! Saved queries: their owner changes them, others see those that are shared.

use app::api::queries::{SavedQuery, SavedQueryText};
use database::columns::{count, from_micros, integer, micros, number, text};
use database::{Database, failed};
use domain::environment::EnvironmentName;
use domain::{Error, ErrorKind, Result};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;
use uuid::Uuid;

/// Longest name in characters, and the longest text in bytes.
const CHANGING: &str = "change a saved query";
const LONGEST_NAME: usize = 120;
const LONGEST_TEXT: usize = 256 * 1024;
/// Saved queries that one person may have in an environment.
const MOST: i64 = 1_000;

const COLUMNS: &str = "SELECT id, owner, actor, name, description, sql_text, is_shared, version, \
     changed_at FROM saved_queries WHERE environment = $1 AND (owner = $2 OR is_shared = 1)";
const EVERYBODYS: &str = "SELECT id, owner, actor, name, description, sql_text, is_shared, version, \
     changed_at FROM saved_queries WHERE environment = $1 ORDER BY LOWER(name), id";
const INSERT: &str = "INSERT INTO saved_queries (id, environment, owner, actor, name, description, \
     sql_text, is_shared, version, created_at, changed_at) \
     SELECT $1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $9 \
     WHERE (SELECT COUNT(*) FROM saved_queries WHERE environment = $2 AND owner = $3) < $10";
const UPDATE: &str = "UPDATE saved_queries SET name = $4, description = $5, sql_text = $6, \
     is_shared = $7, version = version + 1, changed_at = $8 \
     WHERE environment = $1 AND owner = $2 AND id = $3 AND version = $9";

/// The saved queries of one environment.
#[derive(Debug, Clone)]
pub struct SavedQueries {
    database: Database,
    environment: EnvironmentName,
}

impl SavedQueries {
    /// In a database.
    pub fn new(database: Database, environment: EnvironmentName) -> Self {
        Self { database, environment }
    }

    /// What `reader` may see, by name.
    pub async fn list(&self, reader: &str) -> Result<Vec<SavedQuery>> {
        let statement = format!("{COLUMNS} ORDER BY LOWER(name), id");
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(self.environment.to_string())
            .bind(reader.to_owned())
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("list saved queries"))?;
        rows.iter().map(|row| decode(row, reader)).collect()
    }

    /// Those of everybody, by name, for judging what would break. What `reader` may not see must not
    /// be told to them.
    pub async fn everybodys(&self, reader: &str) -> Result<Vec<SavedQuery>> {
        let rows = sqlx::query(EVERYBODYS)
            .bind(self.environment.to_string())
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("list saved queries"))?;
        rows.iter().map(|row| decode(row, reader)).collect()
    }

    /// One that `reader` may see. Others' private ones are not found.
    pub async fn find(&self, id: &str, reader: &str) -> Result<SavedQuery> {
        let row = sqlx::query(AssertSqlSafe(format!("{COLUMNS} AND id = $3")))
            .bind(self.environment.to_string())
            .bind(reader.to_owned())
            .bind(id.to_owned())
            .fetch_optional(self.database.reader()?)
            .await
            .map_err(failed("read a saved query"))?;
        let unknown = || Error::not_found("there is no such saved query that you may see");
        decode(&row.ok_or_else(unknown)?, reader)
    }

    /// Saves a new one. [`ErrorKind::Invalid`] when name or text is empty or too long.
    pub async fn add(&self, owner: &str, actor: &str, new: &SavedQueryText) -> Result<SavedQuery> {
        let name = checked(new)?;
        let id = Uuid::now_v7().to_string();
        let query = sqlx::query(INSERT)
            .bind(id.clone())
            .bind(self.environment.to_string())
            .bind(owner.to_owned())
            .bind(actor.to_owned())
            .bind(name)
            .bind(new.description.trim().to_owned())
            .bind(new.sql.clone())
            .bind(i64::from(new.is_shared))
            .bind(micros(Timestamp::now()))
            .bind(MOST);
        if self.database.change(CHANGING, query).await? == 0 {
            let text = format!("{MOST} saved queries are the most: remove some");
            return Err(Error::new(ErrorKind::Throttled, text));
        }
        self.find(&id, owner).await
    }

    /// Saves another version of the owner's. [`ErrorKind::Denied`] for somebody else's,
    /// [`ErrorKind::Conflict`] when it was changed meanwhile.
    pub async fn update(&self, id: &str, owner: &str, new: &SavedQueryText) -> Result<SavedQuery> {
        let name = checked(new)?;
        self.own(id, owner).await?;
        let query = sqlx::query(UPDATE)
            .bind(self.environment.to_string())
            .bind(owner.to_owned())
            .bind(id.to_owned())
            .bind(name)
            .bind(new.description.trim().to_owned())
            .bind(new.sql.clone())
            .bind(i64::from(new.is_shared))
            .bind(micros(Timestamp::now()))
            .bind(number("version", new.expected_version)?);
        if self.database.change(CHANGING, query).await? == 0 {
            let text = "the query was changed meanwhile, on another device or in another tab: load it again";
            return Err(Error::conflict(text));
        }
        self.find(id, owner).await
    }

    /// Removes one of the owner's.
    pub async fn remove(&self, id: &str, owner: &str) -> Result<SavedQuery> {
        let removed = self.own(id, owner).await?;
        let remove = "DELETE FROM saved_queries WHERE environment = $1 AND owner = $2 AND id = $3";
        let query = sqlx::query(remove)
            .bind(self.environment.to_string())
            .bind(owner.to_owned())
            .bind(id.to_owned());
        self.database.change(CHANGING, query).await?;
        Ok(removed)
    }

    async fn own(&self, id: &str, owner: &str) -> Result<SavedQuery> {
        let found = self.find(id, owner).await?;
        match found.is_mine {
            true => Ok(found),
            false => Err(Error::new(
                ErrorKind::Denied,
                format!("only {} may change this query: save a copy", found.owner),
            )),
        }
    }
}

/// The name, if name and text may be saved.
fn checked(new: &SavedQueryText) -> Result<String> {
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(Error::invalid(format!("a name has 1 to {LONGEST_NAME} characters")));
    }
    if new.sql.trim().is_empty() {
        return Err(Error::invalid("there is no text to save: write a query first"));
    }
    if new.sql.len() + new.description.len() > LONGEST_TEXT {
        return Err(Error::invalid(format!("{LONGEST_TEXT} bytes of text are the most")));
    }
    Ok(name.to_owned())
}

fn decode(row: &AnyRow, reader: &str) -> Result<SavedQuery> {
    Ok(SavedQuery {
        id: text(row, "id")?,
        name: text(row, "name")?,
        description: text(row, "description")?,
        sql: text(row, "sql_text")?,
        is_shared: integer(row, "is_shared")? != 0,
        owner: text(row, "actor")?,
        is_mine: text(row, "owner")? == reader,
        version: count("version", integer(row, "version")?)?,
        changed_at: from_micros(integer(row, "changed_at")?)?,
    })
}
