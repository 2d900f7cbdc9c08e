//! A row of the ledger, and the statements that read and write it.

use domain::arrival::{Arrival, ObjectVersion, Sequencer};
use domain::environment::EnvironmentName;
use domain::run::{Counts, Run, RunId};
use domain::zone::Hop;
use domain::{Error, Result};
use etl_engine::run::Job;
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use sqlx::{Any, Transaction};

use database::columns::{
    self, count, from_json, from_micros, micros, number, optional_time, to_json, to_word,
};
use database::{Database, damaged, failed};

/// The columns of a run, in the order of [`INSERT`].
pub(super) const SELECT: &str = "SELECT id, environment, dataset, bucket, object_key, \
     object_version, sequencer, object_size, landed_at, started_by, actor, created_at, original, \
     status, attempt, failure, steps, engine, started_at, finished_at, due_at, worker, \
     lease_until, fence, cancel_requested FROM runs";

const INSERT: &str = "INSERT INTO runs (id, environment, dataset, bucket, object_key, \
     object_version, sequencer, object_size, landed_at, started_by, actor, created_at, original, \
     is_first_record, status, attempt, failure, steps, engine, rows_read, rows_written, \
     rows_rejected, started_at, finished_at, due_at, worker, lease_until, fence, \
     cancel_requested, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, \
     $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30) ON CONFLICT DO NOTHING";

const UPDATE: &str = "UPDATE runs SET status = $1, attempt = $2, failure = $3, steps = $4, \
     engine = $5, rows_read = $6, rows_written = $7, rows_rejected = $8, started_at = $9, \
     finished_at = $10, due_at = $11, worker = $12, lease_until = $13, fence = $14, \
     cancel_requested = $15, changed_at = $16 WHERE id = $17";

type Query<'q> = sqlx::query::Query<'q, Any, sqlx::any::AnyArguments>;

/// Inserts a job; false when its arrival has a first record already.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    job: &Job,
    is_first_record: bool,
) -> Result<bool> {
    let run = &job.run;
    let arrival = &run.arrival;
    let query = sqlx::query(INSERT)
        .bind(run.id.to_string())
        .bind(run.environment.to_string())
        .bind(run.dataset.to_string())
        .bind(arrival.bucket.clone())
        .bind(arrival.key.clone())
        .bind(arrival.version.to_string())
        .bind(arrival.sequencer.0.clone())
        .bind(number("object size", arrival.size)?)
        .bind(micros(arrival.landed_at))
        .bind(to_word(&run.trigger)?)
        .bind(run.actor.clone())
        .bind(micros(run.created_at))
        .bind(run.original.map(|id| id.to_string()))
        .bind(i64::from(is_first_record));
    let done = bind_changing(query, job)?.execute(connection).await;
    Ok(done.map_err(failed("record a run"))?.rows_affected() == 1)
}

/// Stores everything about a job that changes after it was recorded.
pub(super) async fn update(connection: &mut AnyConnection, job: &Job) -> Result<()> {
    let query = bind_changing(sqlx::query(UPDATE), job)?.bind(job.run.id.to_string());
    query.execute(connection).await.map(drop).map_err(failed("store a run"))
}

/// Reads a job and locks its row until the transaction ends.
pub(super) async fn lock(
    database: &Database,
    transaction: &mut Transaction<'_, Any>,
    environment: &EnvironmentName,
    id: RunId,
) -> Result<Job> {
    let statement = database.locking(&format!("{SELECT} WHERE id = $1 AND environment = $2"));
    let row = sqlx::query(statement)
        .bind(id.to_string())
        .bind(environment.to_string())
        .fetch_optional(&mut **transaction)
        .await
        .map_err(failed("read a run"))?;
    row.as_ref().map(decode).unwrap_or_else(|| {
        Err(Error::not_found(format!("run {id} is not in the ledger of {environment}")))
    })
}

/// The job that a row of [`SELECT`] stands for.
pub(super) fn decode(row: &AnyRow) -> Result<Job> {
    let text = |column| columns::text(row, column);
    let integer = |column| columns::integer(row, column);
    let parsed = |column| Ok::<_, Error>((column, text(column)?));
    let run = Run {
        id: columns::parsed(parsed("id")?)?,
        environment: columns::parsed(parsed("environment")?)?,
        dataset: columns::parsed(parsed("dataset")?)?,
        arrival: decode_arrival(row)?,
        trigger: columns::word("started_by", &text("started_by")?)?,
        actor: text("actor")?,
        status: columns::parsed(parsed("status")?)?,
        attempt: count("attempt", integer("attempt")?)?,
        failure: columns::optional_text(row, "failure")?
            .map(|json| from_json("failure", &json))
            .transpose()?,
        original: columns::optional_text(row, "original")?
            .map(|id| columns::parsed(("original", id)))
            .transpose()?,
        steps: from_json("steps", &text("steps")?)?,
        engine: text("engine")?,
        created_at: from_micros(integer("created_at")?)?,
        started_at: optional_time(row, "started_at")?,
        finished_at: optional_time(row, "finished_at")?,
    };
    Ok(Job {
        run,
        due_at: from_micros(integer("due_at")?)?,
        lease_until: optional_time(row, "lease_until")?,
        fence: integer("fence")?,
        worker: columns::optional_text(row, "worker")?,
        cancel_requested: integer("cancel_requested")? != 0,
    })
}

fn decode_arrival(row: &AnyRow) -> Result<Arrival> {
    let version = columns::text(row, "object_version")?;
    Ok(Arrival {
        bucket: columns::text(row, "bucket")?,
        key: columns::text(row, "object_key")?,
        version: match version.split_once(':') {
            Some(("version", id)) => ObjectVersion::VersionId(id.to_owned()),
            Some(("etag", tag)) => ObjectVersion::ETag(tag.to_owned()),
            _ => return Err(damaged("object_version", format!("{version:?} has no kind"))),
        },
        sequencer: Sequencer(columns::text(row, "sequencer")?),
        size: count("object_size", columns::integer(row, "object_size")?)?,
        landed_at: from_micros(columns::integer(row, "landed_at")?)?,
    })
}

/// Binds status to changed_at, the order that [`INSERT`] and [`UPDATE`] share.
fn bind_changing<'q>(query: Query<'q>, job: &Job) -> Result<Query<'q>> {
    let run = &job.run;
    let counts = run.step(Hop::RawToConformed).map(|step| step.counts).unwrap_or_default();
    let Counts { rows_read, rows_written, rows_rejected, .. } = counts;
    let optional = |time: Option<Timestamp>| time.map(micros);
    Ok(query
        .bind(run.status.as_str())
        .bind(i64::from(run.attempt))
        .bind(run.failure.as_ref().map(to_json).transpose()?)
        .bind(to_json(&run.steps)?)
        .bind(run.engine.clone())
        .bind(number("rows read", rows_read)?)
        .bind(number("rows written", rows_written)?)
        .bind(number("rows rejected", rows_rejected)?)
        .bind(optional(run.started_at))
        .bind(optional(run.finished_at))
        .bind(micros(job.due_at))
        .bind(job.worker.clone())
        .bind(optional(job.lease_until))
        .bind(job.fence)
        .bind(i64::from(job.cancel_requested))
        .bind(micros(Timestamp::now())))
}
