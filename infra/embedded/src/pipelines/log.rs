//! The log of each execution, a row per line.

use database::columns::{self, count, from_micros, micros, number, to_word};
use database::{failed, retrying};
use domain::Result;
use domain::pipeline::{ExecutionId, StageLine};
use infra::pipeline::numbered;
use sqlx::any::AnyRow;

use super::{SqlPipelines, row};

const LAST: &str =
    "SELECT COALESCE(MAX(sequence), 0) AS sequence FROM execution_log WHERE execution = $1";
const APPEND: &str = "INSERT INTO execution_log \
     (execution, sequence, at, level, stage, attempt, message) VALUES ($1, $2, $3, $4, $5, $6, $7)";
const LINES: &str = "SELECT sequence, at, level, stage, attempt, message FROM execution_log \
     WHERE execution = $1 AND sequence > $2 ORDER BY sequence LIMIT $3";

impl SqlPipelines {
    /// Adds lines to the log of an execution and numbers them. At most
    /// [`domain::pipeline::MOST_LINES`] are kept, the last of which says that there were more.
    pub async fn append(&self, execution: ExecutionId, lines: &[StageLine]) -> Result<()> {
        retrying(|| self.append_once(execution, lines)).await
    }

    /// Lines of an execution with numbers above `after`, in order, at most `limit`.
    pub async fn lines(
        &self,
        execution: ExecutionId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<StageLine>> {
        let rows = sqlx::query(LINES)
            .bind(execution.to_string())
            .bind(number("line", after)?)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("read a log"))?;
        rows.iter().map(decode).collect()
    }

    /// Under the lock of the environment, so that lines of two writers are numbered one by one.
    async fn append_once(&self, execution: ExecutionId, lines: &[StageLine]) -> Result<()> {
        let what = "store lines of a log";
        let (mut transaction, _) = row::lock(&self.database, execution).await?;
        let last = sqlx::query(LAST)
            .bind(execution.to_string())
            .fetch_one(&mut *transaction)
            .await
            .map_err(failed(what))?;
        let last = count("sequence", columns::integer(&last, "sequence")?)?;
        for line in numbered(lines, last) {
            sqlx::query(APPEND)
                .bind(execution.to_string())
                .bind(number("line", line.sequence)?)
                .bind(micros(line.at))
                .bind(to_word(&line.level)?)
                .bind(line.stage.as_str())
                .bind(i64::from(line.attempt))
                .bind(line.message)
                .execute(&mut *transaction)
                .await
                .map_err(failed(what))?;
        }
        transaction.commit().await.map_err(failed(what))
    }
}

fn decode(row: &AnyRow) -> Result<StageLine> {
    Ok(StageLine {
        sequence: count("sequence", columns::integer(row, "sequence")?)?,
        at: from_micros(columns::integer(row, "at")?)?,
        level: columns::word("level", &columns::text(row, "level")?)?,
        stage: columns::parsed(("stage", columns::text(row, "stage")?))?,
        attempt: count("attempt", columns::integer(row, "attempt")?)?,
        message: columns::text(row, "message")?,
    })
}
