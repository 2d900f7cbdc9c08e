//! The store of quality rules in SQL: versions are added, never changed; of a hop's judgements the one
//! of the latest attempt is kept.

use async_trait::async_trait;
use domain::environment::EnvironmentName;
use domain::quality::{Judgement, JudgementSummary, QualityRules, SavedRules};
use domain::run::RunId;
use domain::table::TableName;
use domain::{Error, Result};
use etl_engine::quality::QualityStore;
use jiff::Timestamp;
use sqlx::any::AnyRow;

use database::columns::{self, from_json, from_micros, micros, number, to_json};
use database::{Database, failed, retrying};

const HISTORY: &str = "SELECT database_name, table_name, version, document, author, message, \
     saved_at FROM quality_rules WHERE environment = $1 AND database_name = $2 \
     AND table_name = $3 ORDER BY version DESC LIMIT $4";
const LIST: &str = "SELECT database_name, table_name, version, document, author, message, saved_at \
     FROM quality_rules AS saved WHERE environment = $1 AND version = \
     (SELECT MAX(version) FROM quality_rules AS newest WHERE newest.environment = $1 \
     AND newest.database_name = saved.database_name AND newest.table_name = saved.table_name)";
/// Adds nothing when the base is not the newest version, or when another was added meanwhile.
const SAVE: &str = "INSERT INTO quality_rules \
     (environment, database_name, table_name, version, document, author, message, saved_at) \
     SELECT $1, $2, $3, $4, $5, $6, $7, $8 WHERE (SELECT COALESCE(MAX(version), 0) \
     FROM quality_rules WHERE environment = $1 AND database_name = $2 AND table_name = $3) \
     = $4 - 1 ON CONFLICT DO NOTHING";
const RECORD: &str = "INSERT INTO quality_judgements \
     (environment, run, hop, fence, database_name, table_name, verdict, broken, document, judged_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
     ON CONFLICT (run, hop) DO UPDATE SET fence = excluded.fence, \
     database_name = excluded.database_name, table_name = excluded.table_name, \
     verdict = excluded.verdict, broken = excluded.broken, \
     document = excluded.document, judged_at = excluded.judged_at \
     WHERE quality_judgements.fence <= excluded.fence";
const OF_RUN: &str = "SELECT document FROM quality_judgements WHERE environment = $1 AND run = $2";
const OF_TABLE: &str = "SELECT run, database_name, table_name, verdict, broken, judged_at \
     FROM quality_judgements WHERE environment = $1 AND database_name = $2 AND table_name = $3 \
     ORDER BY judged_at DESC, run DESC LIMIT $4";
/// One look into the index for each table that has rules, however many runs there were.
const LATEST: &str = "SELECT one.run, one.database_name, one.table_name, one.verdict, one.broken, \
     one.judged_at FROM (SELECT DISTINCT database_name, table_name FROM quality_rules \
     WHERE environment = $1) AS ruled JOIN quality_judgements AS one ON one.environment = $1 \
     AND one.database_name = ruled.database_name AND one.table_name = ruled.table_name \
     AND one.judged_at = (SELECT MAX(judged_at) FROM quality_judgements AS newest \
     WHERE newest.environment = $1 AND newest.database_name = ruled.database_name \
     AND newest.table_name = ruled.table_name)";

/// The [`QualityStore`] of one environment in a [`Database`].
#[derive(Debug, Clone)]
pub struct SqlQualityStore {
    database: Database,
    environment: EnvironmentName,
}

impl SqlQualityStore {
    /// The store of an environment.
    pub fn new(database: Database, environment: EnvironmentName) -> Self {
        Self { database, environment }
    }

    async fn newest(&self, table: &TableName, limit: i64) -> Result<Vec<SavedRules>> {
        let rows = sqlx::query(HISTORY)
            .bind(self.environment.to_string())
            .bind(table.database.clone())
            .bind(table.table.clone())
            .bind(limit)
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("read quality rules"))?;
        rows.iter().map(decode).collect()
    }

    async fn insert(&self, saved: &SavedRules) -> Result<bool> {
        let mut transaction = self.database.begin().await?;
        let done = sqlx::query(SAVE)
            .bind(self.environment.to_string())
            .bind(saved.table.database.clone())
            .bind(saved.table.table.clone())
            .bind(number("version", saved.version)?)
            .bind(to_json(&saved.rules)?)
            .bind(saved.author.clone())
            .bind(saved.message.clone())
            .bind(micros(saved.saved_at))
            .execute(&mut *transaction)
            .await
            .map_err(failed("save quality rules"))?;
        transaction.commit().await.map_err(failed("save quality rules"))?;
        Ok(done.rows_affected() == 1)
    }

    async fn record_once(&self, judgement: &Judgement, fence: i64) -> Result<()> {
        let summary = judgement.summary();
        let mut transaction = self.database.begin().await?;
        sqlx::query(RECORD)
            .bind(self.environment.to_string())
            .bind(judgement.run.to_string())
            .bind(judgement.hop.as_str())
            .bind(fence)
            .bind(judgement.table.database.clone())
            .bind(judgement.table.table.clone())
            .bind(summary.verdict.as_str())
            .bind(to_json(&summary.broken)?)
            .bind(to_json(judgement)?)
            .bind(micros(judgement.judged_at))
            .execute(&mut *transaction)
            .await
            .map_err(failed("keep what came of quality rules"))?;
        transaction.commit().await.map_err(failed("keep what came of quality rules"))
    }
}

#[async_trait]
impl QualityStore for SqlQualityStore {
    async fn current(&self, table: &TableName) -> Result<Option<SavedRules>> {
        Ok(self.newest(table, 1).await?.pop())
    }

    async fn list(&self) -> Result<Vec<SavedRules>> {
        let rows = sqlx::query(LIST)
            .bind(self.environment.to_string())
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("list quality rules"))?;
        let mut versions = rows.iter().map(decode).collect::<Result<Vec<_>>>()?;
        // Sorted here, because databases sort text by their own locale.
        versions.sort_by(|one, other| one.table.cmp(&other.table));
        Ok(versions)
    }

    async fn history(&self, table: &TableName) -> Result<Vec<SavedRules>> {
        self.newest(table, i64::MAX).await
    }

    async fn save(
        &self,
        table: &TableName,
        rules: &QualityRules,
        author: &str,
        message: &str,
        base: u64,
    ) -> Result<SavedRules> {
        let saved = SavedRules {
            table: table.clone(),
            version: base + 1,
            rules: rules.clone(),
            author: author.to_owned(),
            message: message.to_owned(),
            saved_at: columns::whole_micros(Timestamp::now())?,
        };
        if retrying(|| self.insert(&saved)).await? {
            return Ok(saved);
        }
        let current = self.current(table).await?.map_or(0, |current| current.version);
        Err(Error::conflict(format!(
            "the rules of {table} are at version {current}, not {base}: look at them and repeat \
             your change"
        )))
    }

    async fn record(&self, judgement: &Judgement, fence: i64) -> Result<()> {
        retrying(|| self.record_once(judgement, fence)).await
    }

    async fn of_run(&self, run: RunId) -> Result<Vec<Judgement>> {
        let rows = sqlx::query(OF_RUN)
            .bind(self.environment.to_string())
            .bind(run.to_string())
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("read what came of quality rules"))?;
        let read = |row| from_json("document", &columns::text(row, "document")?);
        let mut found: Vec<Judgement> = rows.iter().map(read).collect::<Result<_>>()?;
        found.sort_by_key(|judgement| judgement.hop);
        Ok(found)
    }

    async fn of_table(&self, table: &TableName, limit: usize) -> Result<Vec<JudgementSummary>> {
        let rows = sqlx::query(OF_TABLE)
            .bind(self.environment.to_string())
            .bind(table.database.clone())
            .bind(table.table.clone())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("read what came of quality rules"))?;
        rows.iter().map(summary).collect()
    }

    async fn latest(&self) -> Result<Vec<JudgementSummary>> {
        let rows = sqlx::query(LATEST)
            .bind(self.environment.to_string())
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("read what came of quality rules"))?;
        let mut found = rows.iter().map(summary).collect::<Result<Vec<_>>>()?;
        // Of two in the same microsecond the one of the later run.
        found.sort_by(|one, other| {
            one.table.cmp(&other.table).then_with(|| other.run.cmp(&one.run))
        });
        found.dedup_by(|next, kept| next.table == kept.table);
        Ok(found)
    }
}

fn table_of(row: &AnyRow) -> Result<TableName> {
    let database = columns::text(row, "database_name")?;
    Ok(TableName::new(database, columns::text(row, "table_name")?))
}

fn summary(row: &AnyRow) -> Result<JudgementSummary> {
    Ok(JudgementSummary {
        run: columns::parsed(("run", columns::text(row, "run")?))?,
        table: table_of(row)?,
        verdict: columns::word("verdict", &columns::text(row, "verdict")?)?,
        broken: from_json("broken", &columns::text(row, "broken")?)?,
        judged_at: from_micros(columns::integer(row, "judged_at")?)?,
    })
}

fn decode(row: &AnyRow) -> Result<SavedRules> {
    Ok(SavedRules {
        table: table_of(row)?,
        version: columns::count("version", columns::integer(row, "version")?)?,
        rules: from_json("document", &columns::text(row, "document")?)?,
        author: columns::text(row, "author")?,
        message: columns::text(row, "message")?,
        saved_at: from_micros(columns::integer(row, "saved_at")?)?,
    })
}
