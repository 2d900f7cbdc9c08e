//! Notifications about executions, put where those about runs are: into the outbox, from which they are
//! delivered at least once.

use database::columns::{micros, to_json};
use database::failed;
use domain::Result;
use domain::environment::EnvironmentName;
use domain::notification::Notification;
use infra::pipeline::Job;
use sqlx::AnyConnection;

const INSERT: &str = "INSERT INTO outbox \
     (environment, id, subject, event, source_system, body, created_at, due_at, attempts, state) \
     VALUES ($1, $2, $3, $4, NULL, $5, $6, $7, 0, 'WAITING') ON CONFLICT (environment, id) DO NOTHING";

/// Adds what is to be told of a job, unless it was added before, in the transaction that changes it.
pub(super) async fn insert(connection: &mut AnyConnection, job: &Job) -> Result<()> {
    match job.notification() {
        Some(notification) => add(connection, &job.execution().environment, notification).await,
        None => Ok(()),
    }
}

/// Adds a notification, unless there is one of its id.
pub(super) async fn add(
    connection: &mut AnyConnection,
    environment: &EnvironmentName,
    notification: Notification,
) -> Result<()> {
    let query = sqlx::query(INSERT)
        .bind(environment.to_string())
        .bind(notification.id)
        .bind(notification.subject)
        .bind(notification.event.map(|event| event.as_str()))
        .bind(to_json(&notification.body)?)
        .bind(micros(notification.created_at))
        .bind(micros(notification.created_at));
    query.execute(connection).await.map(drop).map_err(failed("add a notification"))
}
