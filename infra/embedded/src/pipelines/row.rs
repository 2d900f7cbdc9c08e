//! An execution as a row, and the lock under which it is changed.

use database::columns::{self, from_json, micros, to_json};
use database::{Database, failed};
use domain::environment::EnvironmentName;
use domain::pipeline::ExecutionId;
use domain::{Error, Result};
use infra::pipeline::Job;
use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Transaction};

use super::{environment, outbox};

const INSERT: &str = "INSERT INTO executions (status, deploy_begun, release_id, due_at, \
     lease_until, expires_at, changed_at, document, id, environment, branch, commit_id, \
     is_automatic, requester) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
const UPDATE: &str = "UPDATE executions SET status = $1, deploy_begun = $2, release_id = $3, \
     due_at = $4, lease_until = $5, expires_at = $6, changed_at = $7, document = $8, \
     requester = $10 WHERE id = $9";
const FIND: &str = "SELECT document FROM executions WHERE id = $1";

/// Adds an execution.
pub(super) async fn insert(connection: &mut AnyConnection, job: &Job) -> Result<()> {
    let execution = job.execution();
    let query = bind(sqlx::query(INSERT), job)?
        .bind(execution.environment.to_string())
        .bind(execution.branch.to_string())
        .bind(execution.commit.to_string())
        .bind(i64::from(execution.cause.is_automatic()))
        .bind(requester(job));
    query.execute(connection).await.map(drop).map_err(failed("add an execution"))
}

fn requester(job: &Job) -> Option<String> {
    job.execution().requested_by.as_ref().map(|person| person.id.clone())
}

/// Stores what changed, and what is to be told of it.
pub(super) async fn update(connection: &mut AnyConnection, job: &Job) -> Result<()> {
    let query = bind(sqlx::query(UPDATE), job)?.bind(requester(job));
    query.execute(&mut *connection).await.map_err(failed("store an execution"))?;
    outbox::insert(connection, job).await
}

/// Reads an execution; `None` when it is not there.
pub(super) async fn find(connection: &mut AnyConnection, id: ExecutionId) -> Result<Option<Job>> {
    let row = sqlx::query(FIND).bind(id.to_string()).fetch_optional(connection).await;
    row.map_err(failed("read an execution"))?.as_ref().map(decode).transpose()
}

/// Begins a transaction in which an execution, and its whole environment, are changed by nobody else.
/// [`domain::ErrorKind::NotFound`] when the execution is not there.
pub(super) async fn lock(
    database: &Database,
    id: ExecutionId,
) -> Result<(Transaction<'static, Any>, Job)> {
    let absent = || Error::not_found(format!("execution {id} is not there: was it mistyped?"));
    // The environment of an execution never changes, so that it can be read without a lock.
    let place = environment_of(database, id).await?.ok_or_else(absent)?;
    let mut transaction = database.begin().await?;
    environment::lock(database, &mut transaction, &place).await?;
    let job = find(&mut transaction, id).await?.ok_or_else(absent)?;
    Ok((transaction, job))
}

/// The job of a row with its document.
pub(super) fn decode(row: &AnyRow) -> Result<Job> {
    from_json("an execution", &columns::text(row, "document")?)
}

async fn environment_of(database: &Database, id: ExecutionId) -> Result<Option<EnvironmentName>> {
    let row = sqlx::query("SELECT environment FROM executions WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(database.reader()?)
        .await
        .map_err(failed("find an execution"))?;
    let name = |row: AnyRow| columns::parsed(("environment", columns::text(&row, "environment")?));
    row.map(name).transpose()
}

/// Binds what [`INSERT`] and [`UPDATE`] begin with.
fn bind<'q>(query: database::Statement<'q>, job: &Job) -> Result<database::Statement<'q>> {
    let execution = job.execution();
    Ok(query
        .bind(execution.status.as_str())
        .bind(i64::from(execution.deploy_begun()))
        .bind(execution.release.as_ref().map(ToString::to_string))
        .bind(micros(job.due_at()))
        .bind(job.lease_until().map(micros))
        .bind(execution.expires_at.map(micros))
        .bind(micros(Timestamp::now()))
        .bind(to_json(job)?)
        .bind(execution.id.to_string()))
}
