//! Reading executions, deployments and what changed.

use database::columns::{self, count, from_json, from_micros, micros, number};
use database::failed;
use domain::Result;
use domain::branch::BranchName;
use domain::deployment::Deployment;
use domain::environment::EnvironmentName;
use domain::pipeline::{Execution, ExecutionId, ExecutionStatus};
use domain::release::Digest;
use infra::pipeline::{ExecutionChange, Job};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::{SqlPipelines, enqueue, row};

const CHANGED: &str = "SELECT id, environment, status, changed_at FROM executions \
     WHERE changed_at >= $1 ORDER BY changed_at, id LIMIT $2";
const DEPLOYMENTS: &str = "SELECT number, document FROM deployments \
     WHERE environment = $1 AND number < $2 ORDER BY number DESC LIMIT $3";

/// Which executions; newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExecutionFilter {
    /// Of this environment.
    pub environment: Option<EnvironmentName>,
    /// Of this branch.
    pub branch: Option<BranchName>,
    /// Asked for by the person with this number.
    pub requester: Option<String>,
    /// With one of these statuses; empty: any.
    pub statuses: Vec<ExecutionStatus>,
    /// Older than this one: the next page.
    pub before: Option<ExecutionId>,
    /// At most so many.
    pub limit: usize,
}

impl SqlPipelines {
    /// An execution; `None` when it is not there.
    pub async fn execution(&self, id: ExecutionId) -> Result<Option<Execution>> {
        let mut connection =
            self.database.reader()?.acquire().await.map_err(failed("read an execution"))?;
        Ok(row::find(&mut connection, id).await?.map(Job::into_execution))
    }

    /// Executions, newest first.
    pub async fn list(&self, filter: &ExecutionFilter) -> Result<Vec<Execution>> {
        let (statement, values) = statement(filter);
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for value in values {
            query = query.bind(value);
        }
        let rows = query.bind(many(filter.limit)).fetch_all(self.database.reader()?).await;
        let rows = rows.map_err(failed("list executions"))?;
        rows.iter().map(|row| Ok(row::decode(row)?.into_execution())).collect()
    }

    /// Executions that were written at `since` or later, in the order of writing, at most `limit`.
    /// Writers have clocks of their own and transactions take time: ask again for the last seconds.
    pub async fn changed_since(
        &self,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<ExecutionChange>> {
        let rows = sqlx::query(CHANGED)
            .bind(micros(since))
            .bind(many(limit))
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("look for changes"))?;
        let change = |row: &AnyRow| {
            Ok(ExecutionChange {
                execution: columns::parsed(("id", columns::text(row, "id")?))?,
                environment: columns::parsed(("environment", columns::text(row, "environment")?))?,
                status: columns::parsed(("status", columns::text(row, "status")?))?,
                changed_at: from_micros(columns::integer(row, "changed_at")?)?,
            })
        };
        rows.iter().map(change).collect()
    }

    /// What was deployed to an environment, newest first, with numbers from 1 in the order of
    /// deployment; those below `before`, if given, at most `limit`.
    pub async fn deployments(
        &self,
        environment: &EnvironmentName,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, Deployment)>> {
        let before = before.map_or(Ok(i64::MAX), |before| number("deployment", before))?;
        let rows = sqlx::query(DEPLOYMENTS)
            .bind(environment.to_string())
            .bind(before)
            .bind(many(limit))
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("list deployments"))?;
        let deployment = |row: &AnyRow| {
            let number = count("number", columns::integer(row, "number")?)?;
            Ok((number, from_json("a deployment", &columns::text(row, "document")?)?))
        };
        rows.iter().map(deployment).collect()
    }

    /// Whether a release succeeded in an environment, its verification included (C11).
    pub async fn passed(&self, environment: &EnvironmentName, release: &Digest) -> Result<bool> {
        let mut connection = self
            .database
            .reader()?
            .acquire()
            .await
            .map_err(failed("look where a release succeeded"))?;
        enqueue::passed(&mut connection, environment, release).await
    }
}

/// The statement of a filter, of fixed words and placeholders only, and the values for it.
fn statement(filter: &ExecutionFilter) -> (String, Vec<String>) {
    let mut values = Vec::new();
    let mut conditions = vec!["1 = 1".to_owned()];
    let mut only = |condition: &str, value: Option<String>| {
        let Some(value) = value else { return };
        values.push(value);
        conditions.push(format!("{condition} ${}", values.len()));
    };
    only("environment =", filter.environment.as_ref().map(ToString::to_string));
    only("branch =", filter.branch.as_ref().map(ToString::to_string));
    only("requester =", filter.requester.clone());
    only("id <", filter.before.map(|before| before.to_string()));
    let mut statuses = Vec::new();
    for status in &filter.statuses {
        values.push(status.as_str().to_owned());
        statuses.push(format!("${}", values.len()));
    }
    if !statuses.is_empty() {
        conditions.push(format!("status IN ({})", statuses.join(", ")));
    }
    let statement = format!(
        "SELECT document FROM executions WHERE {} ORDER BY id DESC LIMIT ${}",
        conditions.join(" AND "),
        values.len() + 1
    );
    (statement, values)
}

fn many(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
