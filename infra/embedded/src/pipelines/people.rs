//! Cancelling, retrying, expiry and reminders.

use database::columns::{self, micros};
use database::{failed, retrying};
use domain::pipeline::{Execution, ExecutionId, Stage};
use domain::{Error, Result};
use infra::approval::{Reminder, reminder_due};
use infra::pipeline::Job;
use jiff::Timestamp;
use sqlx::AnyConnection;

use super::{SqlPipelines, outbox, row};

/// A newer execution that goes on, or that has changed the environment: the older one must not
/// deploy over it. A push that a pause holds back is none.
const OVERTAKEN: &str = "SELECT MAX(id) AS id FROM executions AS newer WHERE environment = $1 AND id > $2 \
     AND (deploy_begun = 1 OR (status IN ('QUEUED', 'RUNNING', 'AWAITING_APPROVAL') \
     AND (is_automatic = 0 OR $3 = 1 OR NOT EXISTS (SELECT 1 FROM pipeline_environments AS place \
         WHERE place.environment = newer.environment AND place.paused IS NOT NULL))))";
const EXPIRED: &str = "SELECT id FROM executions \
     WHERE status IN ('QUEUED', 'AWAITING_APPROVAL') AND expires_at <= $1 ORDER BY id";
const ASKED: &str =
    "SELECT document FROM executions WHERE status = 'AWAITING_APPROVAL' ORDER BY id";

impl SqlPipelines {
    /// Cancels an execution: at once while it waits, else when its worker is between two steps.
    /// [`domain::ErrorKind::Conflict`] when it ended.
    pub async fn cancel(&self, id: ExecutionId, now: Timestamp) -> Result<Execution> {
        retrying(|| async {
            let (mut transaction, mut job) = row::lock(&self.database, id).await?;
            job.cancel(now)?;
            row::update(&mut transaction, &job).await?;
            transaction.commit().await.map_err(failed("cancel an execution"))?;
            Ok(job.into_execution())
        })
        .await
    }

    /// Goes on with an execution that ended, from a stage on. [`domain::ErrorKind::Conflict`] as
    /// [`Job::retry`] says, and when a newer one goes on or has deployed.
    pub async fn retry(&self, id: ExecutionId, from: Stage, now: Timestamp) -> Result<Execution> {
        retrying(|| async {
            let (mut transaction, mut job) = row::lock(&self.database, id).await?;
            refuse_overtaken(&mut transaction, &job).await?;
            job.retry(from, now)?;
            row::update(&mut transaction, &job).await?;
            transaction.commit().await.map_err(failed("retry an execution"))?;
            Ok(job.into_execution())
        })
        .await
    }

    /// Ends all whose plan nobody decided on in time; returns them.
    pub async fn expire_due(&self, now: Timestamp) -> Result<Vec<Execution>> {
        let rows = sqlx::query(EXPIRED)
            .bind(micros(now))
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("look for plans that expire"))?;
        let mut expired = Vec::new();
        for row in &rows {
            let id = columns::parsed(("id", columns::text(row, "id")?))?;
            expired.extend(retrying(|| self.expire_once(id, now)).await?);
        }
        Ok(expired)
    }

    /// Reminds people of the plans that wait too long: puts it into the outbox, once for each reminder
    /// that is due. Returns those of this call.
    pub async fn remind_due(&self, now: Timestamp) -> Result<Vec<(Execution, Reminder)>> {
        let rows = sqlx::query(ASKED).fetch_all(self.database.reader()?).await;
        let rows = rows.map_err(failed("look for plans that wait"))?;
        let mut due = Vec::new();
        for row in &rows {
            let job = row::decode(row)?;
            if reminder(&job, now).is_some() {
                due.extend(retrying(|| self.remind_once(job.execution().id, now)).await?);
            }
        }
        Ok(due)
    }

    async fn expire_once(&self, id: ExecutionId, now: Timestamp) -> Result<Option<Execution>> {
        let (mut transaction, mut job) = row::lock(&self.database, id).await?;
        if !job.expire(now) {
            return Ok(None);
        }
        row::update(&mut transaction, &job).await?;
        transaction.commit().await.map_err(failed("let a plan expire"))?;
        Ok(Some(job.into_execution()))
    }

    async fn remind_once(
        &self,
        id: ExecutionId,
        now: Timestamp,
    ) -> Result<Option<(Execution, Reminder)>> {
        let (mut transaction, mut job) = row::lock(&self.database, id).await?;
        let Some(reminder) = reminder(&job, now) else { return Ok(None) };
        job.reminded(now);
        row::update(&mut transaction, &job).await?;
        let told = job.reminder(reminder, now);
        outbox::add(&mut transaction, &job.execution().environment, told).await?;
        transaction.commit().await.map_err(failed("note a reminder"))?;
        Ok(Some((job.into_execution(), reminder)))
    }
}

fn reminder(job: &Job, now: Timestamp) -> Option<Reminder> {
    reminder_due(job.asked_at()?, job.execution().expires_at?, job.reminded_at(), now)
}

async fn refuse_overtaken(connection: &mut AnyConnection, job: &Job) -> Result<()> {
    let execution = job.execution();
    let row = sqlx::query(OVERTAKEN)
        .bind(execution.environment.to_string())
        .bind(execution.id.to_string())
        .bind(i64::from(execution.cause.is_automatic()))
        .fetch_one(connection)
        .await
        .map_err(failed("look for a newer execution"))?;
    match columns::optional_text(&row, "id")? {
        None => Ok(()),
        Some(newer) => Err(Error::conflict(format!(
            "execution {} was overtaken by {newer} in {}: start its commit anew, or roll back",
            execution.id, execution.environment
        ))),
    }
}
