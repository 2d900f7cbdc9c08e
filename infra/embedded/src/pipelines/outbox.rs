//! Notifications about executions, put where those about runs are: into the outbox, from which they are
//! delivered at least once.

use database::columns::{micros, to_json};
use database::failed;
use domain::Result;
use infra::pipeline::Job;
use sqlx::AnyConnection;

const INSERT: &str = "INSERT INTO outbox \
     (environment, id, subject, body, created_at, due_at, attempts, state) \
     VALUES ($1, $2, $3, $4, $5, $6, 0, 'WAITING') ON CONFLICT (environment, id) DO NOTHING";

/// Adds what is to be told of a job, unless it was added before, in the transaction that changes it.
pub(super) async fn insert(connection: &mut AnyConnection, job: &Job) -> Result<()> {
    let Some(notification) = job.notification() else { return Ok(()) };
    let query = sqlx::query(INSERT)
        .bind(job.execution().environment.to_string())
        .bind(notification.id)
        .bind(notification.subject)
        .bind(to_json(&notification.body)?)
        .bind(micros(notification.created_at))
        .bind(micros(notification.created_at));
    query.execute(connection).await.map(drop).map_err(failed("add a notification"))
}
