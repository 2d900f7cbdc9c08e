//! Reading the ledger.

use domain::Result;
use domain::run::{Run, RunId};
use etl_engine::run::RunFilter;
use sqlx::AssertSqlSafe;

use super::{SqlRunLedger, row};
use database::failed;

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

    /// The statement of a filter, of fixed words and placeholders only, and the values for it. Which
    /// runs these are is decided on ids alone, which indexes hold; a row is long.
    fn statement(&self, filter: &RunFilter) -> (String, Vec<String>) {
        let mut values = vec![self.environment.to_string()];
        let mut conditions = "environment = $1".to_owned();
        let mut only = |condition: &str, value: Option<String>| {
            let Some(value) = value else { return };
            values.push(value);
            conditions.push_str(&format!(" AND {condition} ${}", values.len()));
        };
        only("dataset =", filter.dataset.as_ref().map(ToString::to_string));
        only("object_key =", filter.key.clone());
        only("actor =", filter.actor.clone());
        only("started_by =", filter.trigger.map(|trigger| trigger.as_str().to_owned()));
        only("id >=", filter.from.map(|from| RunId::earliest(from).to_string()));
        only("id <", filter.to.map(|to| RunId::earliest(to).to_string()));
        only("id <", filter.before.map(|before| before.to_string()));
        only("id >", filter.after.map(|after| after.to_string()));
        let mut statuses = Vec::new();
        for status in &filter.statuses {
            values.push(status.as_str().to_owned());
            statuses.push(format!("${}", values.len()));
        }
        if !statuses.is_empty() {
            conditions.push_str(&format!(" AND status IN ({})", statuses.join(", ")));
        }
        let order = if filter.after.is_some() { "ASC" } else { "DESC" };
        let limit = values.len() + 1;
        let statement = format!(
            "{} WHERE id IN (SELECT id FROM runs WHERE {conditions} ORDER BY id {order} \
             LIMIT ${limit}) ORDER BY id DESC",
            row::SELECT
        );
        (statement, values)
    }
}
