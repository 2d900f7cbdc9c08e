//! The log of each run, a row per line.

use async_trait::async_trait;
use domain::Result;
use domain::run::RunId;
use domain::run_log::LogLine;
use etl_engine::run::{RunLog, numbered};
use sqlx::any::AnyRow;

use super::{SqlRunLedger, row};
use database::columns::{self, count, from_micros, micros, number, to_word};
use database::{failed, retrying};

const LAST: &str = "SELECT COALESCE(MAX(sequence), 0) AS sequence FROM run_log WHERE environment = $1 AND run = $2";
const APPEND: &str = "INSERT INTO run_log \
     (environment, run, sequence, at, level, attempt, hop, message) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const LINES: &str = "SELECT sequence, at, level, attempt, hop, message FROM run_log \
     WHERE environment = $1 AND run = $2 AND sequence > $3 ORDER BY sequence LIMIT $4";

impl SqlRunLedger {
    /// The run is locked, so that lines of two writers are numbered one after the other.
    async fn append_once(&self, run: RunId, lines: &[LogLine]) -> Result<()> {
        let what = "store lines of a log";
        let mut transaction = self.database.begin().await?;
        row::lock(&self.database, &mut transaction, &self.environment, run).await?;
        let last = sqlx::query(LAST)
            .bind(self.environment.to_string())
            .bind(run.to_string())
            .fetch_one(&mut *transaction)
            .await
            .map_err(failed(what))?;
        let last = count("sequence", columns::integer(&last, "sequence")?)?;
        for line in numbered(lines, last) {
            sqlx::query(APPEND)
                .bind(self.environment.to_string())
                .bind(run.to_string())
                .bind(number("line", line.sequence)?)
                .bind(micros(line.at))
                .bind(to_word(&line.level)?)
                .bind(i64::from(line.attempt))
                .bind(line.hop.map(|hop| hop.as_str()))
                .bind(line.message)
                .execute(&mut *transaction)
                .await
                .map_err(failed(what))?;
        }
        transaction.commit().await.map_err(failed(what))
    }
}

#[async_trait]
impl RunLog for SqlRunLedger {
    async fn append(&self, run: RunId, lines: &[LogLine]) -> Result<()> {
        retrying(|| self.append_once(run, lines)).await
    }

    async fn lines(&self, run: RunId, after: u64, limit: usize) -> Result<Vec<LogLine>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = sqlx::query(LINES)
            .bind(self.environment.to_string())
            .bind(run.to_string())
            .bind(number("line", after)?)
            .bind(limit)
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("read a log"))?;
        rows.iter().map(decode).collect()
    }
}

fn decode(row: &AnyRow) -> Result<LogLine> {
    let hop = columns::optional_text(row, "hop")?;
    Ok(LogLine {
        sequence: count("sequence", columns::integer(row, "sequence")?)?,
        at: from_micros(columns::integer(row, "at")?)?,
        level: columns::word("level", &columns::text(row, "level")?)?,
        attempt: count("attempt", columns::integer(row, "attempt")?)?,
        hop: hop.map(|hop| columns::word("hop", &hop)).transpose()?,
        message: columns::text(row, "message")?,
    })
}
