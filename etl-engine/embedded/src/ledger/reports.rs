//! Reports over many runs, read from indexes.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::Result;
use domain::dataset::DatasetId;
use domain::partition::Partition;
use domain::run::{RunId, RunStatus};
use etl_engine::run::{
    ArrivalTotals, DatasetActivity, DatasetRejects, DayCount, RejectedRun, RejectedRunsFilter,
    RowCounts, RunChange, RunReports,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::{Any, query::Query};

use super::SqlRunLedger;
use database::columns::{self, count, from_micros, micros, optional_time};
use database::{damaged, failed};

const CHANGED: &str = "SELECT id, dataset, status, changed_at FROM runs \
     WHERE environment = $1 AND changed_at >= $2 ORDER BY changed_at, id LIMIT $3";
const BY_STATUS: &str =
    "SELECT status, COUNT(*) AS runs FROM runs WHERE environment = $1 GROUP BY status";
/// Microseconds of a day, by which a moment becomes the number of its day.
const DAY: i64 = 86_400_000_000;
const BY_DAY: &str = "SELECT created_at / 86400000000 AS day, status, COUNT(*) AS runs FROM runs \
     WHERE environment = $1 AND created_at >= $2 GROUP BY created_at / 86400000000, status";
const ROW_COUNTS: &str = "SELECT id, created_at, status, rows_read, rows_written, rows_rejected \
     FROM runs WHERE environment = $1 AND dataset = $2 AND status <> 'DUPLICATE' \
     ORDER BY id DESC LIMIT $3";
const LAST_RUNS: &str = "SELECT id, dataset, status, created_at, finished_at FROM runs \
     WHERE id IN (SELECT MAX(id) FROM runs WHERE environment = $1 AND status <> 'DUPLICATE' \
     GROUP BY dataset ORDER BY MAX(id) DESC LIMIT $2) ORDER BY id DESC";
const ROWS_SINCE: &str = "SELECT dataset, CAST(SUM(rows_written) AS BIGINT) AS row_count FROM runs \
     WHERE environment = $1 AND created_at >= $2 GROUP BY dataset";
const ARRIVALS: &str = "SELECT COUNT(*) AS files, \
     CAST(COALESCE(SUM(object_size), 0) AS BIGINT) AS byte_count, MAX(landed_at) AS landed_at \
     FROM runs WHERE environment = $1 AND is_first_record = 1";

impl SqlRunLedger {
    async fn report(&self, query: Query<'static, Any, AnyArguments>) -> Result<Vec<AnyRow>> {
        query.fetch_all(self.database.reader()?).await.map_err(failed("report on runs"))
    }

    fn over(&self, statement: &'static str) -> Query<'static, Any, AnyArguments> {
        sqlx::query(statement).bind(self.environment.to_string())
    }
}

#[async_trait]
impl RunReports for SqlRunLedger {
    async fn changed_since(&self, since: Timestamp, limit: usize) -> Result<Vec<RunChange>> {
        let rows = self.report(self.over(CHANGED).bind(micros(since)).bind(many(limit))).await?;
        let change = |row: &AnyRow| {
            Ok(RunChange {
                run: columns::parsed(("id", columns::text(row, "id")?))?,
                dataset: columns::parsed(("dataset", columns::text(row, "dataset")?))?,
                status: status(row)?,
                changed_at: from_micros(columns::integer(row, "changed_at")?)?,
            })
        };
        rows.iter().map(change).collect()
    }

    async fn by_status(&self) -> Result<Vec<(RunStatus, u64)>> {
        let rows = self.report(self.over(BY_STATUS)).await?;
        let mut counts = rows
            .iter()
            .map(|row| Ok((status(row)?, number(row, "runs")?)))
            .collect::<Result<Vec<_>>>()?;
        counts.sort();
        Ok(counts)
    }

    async fn by_day(&self, from: Timestamp) -> Result<Vec<DayCount>> {
        let rows = self.report(self.over(BY_DAY).bind(micros(from))).await?;
        let day = |row: &AnyRow| {
            Ok(DayCount {
                day: day(columns::integer(row, "day")?)?,
                status: status(row)?,
                runs: number(row, "runs")?,
            })
        };
        let mut counts = rows.iter().map(day).collect::<Result<Vec<_>>>()?;
        counts.sort();
        Ok(counts)
    }

    async fn row_counts(&self, dataset: &DatasetId, limit: usize) -> Result<Vec<RowCounts>> {
        let query = self.over(ROW_COUNTS).bind(dataset.to_string()).bind(many(limit));
        let counts = |row: &AnyRow| {
            Ok(RowCounts {
                run: columns::parsed(("id", columns::text(row, "id")?))?,
                created_at: from_micros(columns::integer(row, "created_at")?)?,
                status: status(row)?,
                rows_read: number(row, "rows_read")?,
                rows_written: number(row, "rows_written")?,
                rows_rejected: number(row, "rows_rejected")?,
            })
        };
        self.report(query).await?.iter().map(counts).collect()
    }

    async fn datasets(&self, rows_since: Timestamp, limit: usize) -> Result<Vec<DatasetActivity>> {
        let mut rows = HashMap::new();
        for row in self.report(self.over(ROWS_SINCE).bind(micros(rows_since))).await? {
            rows.insert(columns::text(&row, "dataset")?, number(&row, "row_count")?);
        }
        let activity = |row: &AnyRow| {
            let dataset = columns::text(row, "dataset")?;
            Ok(DatasetActivity {
                rows_since: rows.get(&dataset).copied().unwrap_or_default(),
                dataset: columns::parsed(("dataset", dataset))?,
                last_run: columns::parsed(("id", columns::text(row, "id")?))?,
                status: status(row)?,
                created_at: from_micros(columns::integer(row, "created_at")?)?,
                finished_at: optional_time(row, "finished_at")?,
            })
        };
        let last = self.report(self.over(LAST_RUNS).bind(many(limit))).await?;
        last.iter().map(activity).collect()
    }

    async fn arrivals(&self) -> Result<ArrivalTotals> {
        let rows = self.report(self.over(ARRIVALS)).await?;
        let Some(row) = rows.first() else { return Ok(ArrivalTotals::default()) };
        Ok(ArrivalTotals {
            files: number(row, "files")?,
            bytes: number(row, "byte_count")?,
            last_landed_at: optional_time(row, "landed_at")?,
        })
    }

    async fn rejected_runs(&self, filter: &RejectedRunsFilter) -> Result<Vec<RejectedRun>> {
        self.with_rejected_rows(filter).await
    }

    async fn rejected_run(&self, id: RunId) -> Result<Option<RejectedRun>> {
        self.one_with_rejected_rows(id).await
    }

    async fn rejecting_datasets(&self) -> Result<Vec<DatasetRejects>> {
        self.datasets_with_rejected_rows().await
    }
}

fn status(row: &AnyRow) -> Result<RunStatus> {
    columns::parsed(("status", columns::text(row, "status")?))
}

fn number(row: &AnyRow, column: &str) -> Result<u64> {
    count(column, columns::integer(row, column)?)
}

fn many(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn day(number: i64) -> Result<Partition> {
    let begin = from_micros(number.checked_mul(DAY).ok_or_else(|| damaged("a day", number))?)?;
    Partition::of(begin.to_zoned(TimeZone::UTC).date())
}
