//! Which runs rejected rows: read from the counts of runs.

use domain::Result;
use domain::run::RunId;
use etl_engine::run::{DatasetRejects, RejectedRun, RejectedRunsFilter};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::SqlRunLedger;
use database::columns::{count, from_micros, integer, optional_text, parsed, text};
use database::failed;

/// The newest other run of the same object that was not just a repeated event.
const RUNS: &str = "SELECT id, dataset, object_key, status, actor, rows_read, rows_rejected, \
     created_at, (SELECT MAX(newer.id) FROM runs AS newer WHERE newer.environment = runs.environment \
     AND newer.object_key = runs.object_key AND newer.id > runs.id \
     AND newer.status <> 'DUPLICATE') AS newer \
     FROM runs WHERE environment = $1 AND rows_rejected > 0";
const DATASETS: &str = "SELECT dataset, CAST(COUNT(*) AS BIGINT) AS run_count, \
     CAST(SUM(rows_read) AS BIGINT) AS rows_read, \
     CAST(SUM(rows_rejected) AS BIGINT) AS rows_rejected, MAX(id) AS newest \
     FROM runs WHERE environment = $1 AND rows_rejected > 0 GROUP BY dataset";

impl SqlRunLedger {
    /// Runs with rejected rows, newest first.
    pub(super) async fn with_rejected_rows(
        &self,
        filter: &RejectedRunsFilter,
    ) -> Result<Vec<RejectedRun>> {
        let mut statement = RUNS.to_owned();
        let mut values = vec![self.environment.to_string()];
        if let Some(dataset) = &filter.dataset {
            values.push(dataset.to_string());
            statement.push_str(&format!(" AND dataset = ${}", values.len()));
        }
        if let Some(before) = filter.before {
            values.push(before.to_string());
            statement.push_str(&format!(" AND id < ${}", values.len()));
        }
        statement.push_str(&format!(" ORDER BY id DESC LIMIT ${}", values.len() + 1));
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for value in values {
            query = query.bind(value);
        }
        let limit = i64::try_from(filter.limit).unwrap_or(i64::MAX);
        let rows = query.bind(limit).fetch_all(self.database.reader()?).await;
        rows.map_err(failed("list runs with rejected rows"))?.iter().map(decode_run).collect()
    }

    /// Datasets with rejected rows, the most recent first.
    pub(super) async fn datasets_with_rejected_rows(&self) -> Result<Vec<DatasetRejects>> {
        let rows = sqlx::query(DATASETS)
            .bind(self.environment.to_string())
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("count rejected rows"))?;
        let mut datasets = rows.iter().map(decode_dataset).collect::<Result<Vec<_>>>()?;
        datasets.sort_by_key(|found| std::cmp::Reverse(found.newest));
        Ok(datasets)
    }

    /// One run with rejected rows, if it has some.
    pub(super) async fn one_with_rejected_rows(&self, id: RunId) -> Result<Option<RejectedRun>> {
        let statement = format!("{RUNS} AND id = $2");
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(self.environment.to_string())
            .bind(id.to_string())
            .fetch_optional(self.database.reader()?)
            .await
            .map_err(failed("read a run"))?;
        row.as_ref().map(decode_run).transpose()
    }
}

fn decode_run(row: &AnyRow) -> Result<RejectedRun> {
    Ok(RejectedRun {
        id: parsed(("id", text(row, "id")?))?,
        dataset: parsed(("dataset", text(row, "dataset")?))?,
        key: text(row, "object_key")?,
        status: parsed(("status", text(row, "status")?))?,
        actor: text(row, "actor")?,
        rows_read: count("rows_read", integer(row, "rows_read")?)?,
        rows_rejected: count("rows_rejected", integer(row, "rows_rejected")?)?,
        created_at: from_micros(integer(row, "created_at")?)?,
        newer: optional_text(row, "newer")?.map(|id| parsed(("newer", id))).transpose()?,
    })
}

fn decode_dataset(row: &AnyRow) -> Result<DatasetRejects> {
    Ok(DatasetRejects {
        dataset: parsed(("dataset", text(row, "dataset")?))?,
        runs: count("run_count", integer(row, "run_count")?)?,
        rows_read: count("rows_read", integer(row, "rows_read")?)?,
        rows_rejected: count("rows_rejected", integer(row, "rows_rejected")?)?,
        newest: parsed(("newest", text(row, "newest")?))?,
    })
}
