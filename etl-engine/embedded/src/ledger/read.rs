//! Reading the ledger.

use domain::Result;
use domain::run::{Run, RunId};
use etl_engine::run::RunFilter;
use sqlx::AssertSqlSafe;

use super::{SqlRunLedger, row};
use crate::database::failed;

impl SqlRunLedger {
    pub(super) async fn find(&self, id: RunId) -> Result<Option<Run>> {
        let statement = format!("{} WHERE environment = $1 AND id = $2", row::SELECT);
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(self.environment.to_string())
            .bind(id.to_string())
            .fetch_optional(self.database.reader()?)
            .await
            .map_err(failed("read a run"))?;
        row.map(|row| Ok(row::decode(&row)?.run)).transpose()
    }

    pub(super) async fn search(&self, filter: &RunFilter) -> Result<Vec<Run>> {
        let (statement, values) = self.statement(filter);
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for value in values {
            query = query.bind(value);
        }
        let limit = i64::try_from(filter.limit).unwrap_or(i64::MAX);
        let rows = query.bind(limit).fetch_all(self.database.reader()?).await;
        let rows = rows.map_err(failed("list runs"))?;
        rows.iter().map(|row| Ok(row::decode(row)?.run)).collect()
    }

    /// The statement of a filter, of fixed words and placeholders only, and the values for it.
    fn statement(&self, filter: &RunFilter) -> (String, Vec<String>) {
        let mut values = vec![self.environment.to_string()];
        let mut statement = format!("{} WHERE environment = $1", row::SELECT);
        let mut only = |condition: &str, value: String| {
            values.push(value);
            statement.push_str(&format!(" AND {condition} ${}", values.len()));
        };
        if let Some(dataset) = &filter.dataset {
            only("dataset =", dataset.to_string());
        }
        if let Some(key) = &filter.key {
            only("object_key =", key.clone());
        }
        if let Some(before) = filter.before {
            only("id <", before.to_string());
        }
        let mut statuses = Vec::new();
        for status in &filter.statuses {
            values.push(status.as_str().to_owned());
            statuses.push(format!("${}", values.len()));
        }
        if !statuses.is_empty() {
            statement.push_str(&format!(" AND status IN ({})", statuses.join(", ")));
        }
        statement.push_str(&format!(" ORDER BY id DESC LIMIT ${}", values.len() + 1));
        (statement, values)
    }
}
