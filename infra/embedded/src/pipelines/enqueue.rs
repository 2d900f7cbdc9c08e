//! Starting executions, each push once, and what a newer one does to those that wait.

use database::columns::{self, micros};
use database::{failed, retrying};
use domain::deployment::{EnvironmentState, Pause};
use domain::environment::EnvironmentName;
use domain::pipeline::{Cause, Execution, ExecutionId};
use domain::{Error, Result};
use infra::pipeline::{Job, NewExecution, PushKey};
use jiff::Timestamp;
use sqlx::AnyConnection;

use super::{SqlPipelines, environment, row};

const PUSHED: &str = "INSERT INTO processed_pushes \
     (repository, reference, after_commit, execution, processed_at) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (repository, reference, after_commit) \
     DO UPDATE SET execution = excluded.execution, processed_at = excluded.processed_at";
const KNOWN_PUSH: &str = "SELECT execution FROM processed_pushes \
     WHERE repository = $1 AND reference = $2 AND after_commit = $3";
const WAITING: &str = "SELECT document FROM executions WHERE environment = $1 \
     AND status IN ('QUEUED', 'AWAITING_APPROVAL') AND deploy_begun = 0 AND id <> $2 \
     AND (is_automatic = 1 OR $3 = 0) ORDER BY id";
const ON_ITS_WAY: &str = "SELECT document FROM executions WHERE environment = $1 \
     AND release_id = $2 AND status IN ('QUEUED', 'RUNNING', 'AWAITING_APPROVAL') \
     AND is_automatic = 0 ORDER BY id";
const PASSED: &str = "SELECT COUNT(*) AS executions FROM executions \
     WHERE environment = $1 AND release_id = $2 AND status = 'SUCCEEDED'";

/// What came of starting an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enqueued {
    /// It is QUEUED.
    New(Execution),
    /// This push was told of before and started this one; nothing new was started.
    Known(Execution),
}

impl SqlPipelines {
    /// Starts an execution, unless its push started one before. Those of its environment that wait
    /// are SUPERSEDED, except that a push does so only with other pushes while the environment is
    /// paused. A rollback pauses the environment. All of it is one transaction.
    ///
    /// A push that the poll found before its webhook came gets to know its pusher.
    ///
    /// [`domain::ErrorKind::Conflict`] when a promotion's release did not succeed where it comes from,
    /// or when the release is on its way there already.
    pub async fn enqueue(
        &self,
        new: &NewExecution,
        push: Option<&PushKey>,
        now: Timestamp,
    ) -> Result<Enqueued> {
        retrying(|| self.enqueue_once(new, push, now)).await
    }

    async fn enqueue_once(
        &self,
        new: &NewExecution,
        push: Option<&PushKey>,
        now: Timestamp,
    ) -> Result<Enqueued> {
        let mut transaction = self.database.begin().await?;
        let state = environment::lock(&self.database, &mut transaction, &new.environment).await?;
        // Who started it by hand need not be who pushed: people decide about the push anew.
        let by_hand =
            |known: &Job| new.cause == Cause::Push && known.execution().cause == Cause::Manual;
        let known = known(&mut transaction, push).await?.filter(|known| !by_hand(known));
        if let Some(mut known) = known {
            if new.cause == Cause::Push && known.found_by_poll(new.requested_by.as_ref()) {
                row::update(&mut transaction, &known).await?;
                transaction.commit().await.map_err(failed("say who pushed"))?;
            }
            return Ok(Enqueued::Known(known.into_execution()));
        }
        check_promotion(&mut transaction, new).await?;
        check_on_its_way(&mut transaction, new).await?;
        let job = Job::new(new, now);
        row::insert(&mut transaction, &job).await?;
        if let Some(push) = push {
            remember(&mut transaction, push, job.execution().id, now).await?;
        }
        supersede_waiting(&mut transaction, &job, &state, now).await?;
        if let Cause::Rollback { reason } = &new.cause {
            let (by, reason) = (new.requested_by.clone(), reason.clone());
            let pause = Pause { by, reason, since: now };
            environment::set_pause(&mut transaction, &new.environment, Some(&pause)).await?;
        }
        transaction.commit().await.map_err(failed("start an execution"))?;
        Ok(Enqueued::New(job.into_execution()))
    }
}

/// Whether an execution with this release succeeded in an environment.
pub(super) async fn passed(
    connection: &mut AnyConnection,
    environment: &EnvironmentName,
    release: &domain::release::Digest,
) -> Result<bool> {
    let row = sqlx::query(PASSED)
        .bind(environment.to_string())
        .bind(release.to_string())
        .fetch_one(connection)
        .await
        .map_err(failed("look where a release succeeded"))?;
    Ok(columns::integer(&row, "executions")? > 0)
}

/// The execution that a push started before.
async fn known(connection: &mut AnyConnection, push: Option<&PushKey>) -> Result<Option<Job>> {
    let Some(push) = push else { return Ok(None) };
    let row = sqlx::query(KNOWN_PUSH)
        .bind(push.repository.clone())
        .bind(push.reference.clone())
        .bind(push.after.to_string())
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed("look for a push"))?;
    let Some(row) = row else { return Ok(None) };
    let id = columns::parsed(("execution", columns::text(&row, "execution")?))?;
    row::find(connection, id).await
}

async fn remember(
    connection: &mut AnyConnection,
    push: &PushKey,
    execution: ExecutionId,
    now: Timestamp,
) -> Result<()> {
    let query = sqlx::query(PUSHED)
        .bind(push.repository.clone())
        .bind(push.reference.clone())
        .bind(push.after.to_string())
        .bind(execution.to_string())
        .bind(micros(now));
    query.execute(connection).await.map(drop).map_err(failed("remember a push"))
}

/// A promotion moves what succeeded where it comes from, and nothing else (C11).
async fn check_promotion(connection: &mut AnyConnection, new: &NewExecution) -> Result<()> {
    let Cause::Promotion { from } = &new.cause else { return Ok(()) };
    let Some(release) = &new.release else {
        return Err(Error::invalid("a promotion names the release that it moves"));
    };
    if passed(connection, from, release).await? {
        return Ok(());
    }
    Err(Error::conflict(format!(
        "release {} did not succeed in {from}: it moves to {} only after that",
        release.short(),
        new.environment
    )))
}

/// A release that is on its way somewhere is not sent after itself: of people who press at once one
/// wins, and the others are told which execution it is (C12).
async fn check_on_its_way(connection: &mut AnyConnection, new: &NewExecution) -> Result<()> {
    let (Cause::Promotion { .. } | Cause::Rollback { .. }, Some(release)) =
        (&new.cause, &new.release)
    else {
        return Ok(());
    };
    let rows = sqlx::query(ON_ITS_WAY)
        .bind(new.environment.to_string())
        .bind(release.to_string())
        .fetch_all(connection)
        .await
        .map_err(failed("look for a release that is on its way"))?;
    for row in &rows {
        let other = row::decode(row)?.into_execution();
        if std::mem::discriminant(&other.cause) == std::mem::discriminant(&new.cause) {
            return Err(Error::conflict(format!(
                "execution {} brings release {} to {} already, it is {}: go on there, or cancel it \
                 first",
                other.id,
                release.short(),
                new.environment,
                other.status
            )));
        }
    }
    Ok(())
}

async fn supersede_waiting(
    connection: &mut AnyConnection,
    newer: &Job,
    state: &EnvironmentState,
    now: Timestamp,
) -> Result<()> {
    let newer = newer.execution();
    let spares_asked = newer.cause.is_automatic() && state.paused.is_some();
    let rows = sqlx::query(WAITING)
        .bind(newer.environment.to_string())
        .bind(newer.id.to_string())
        .bind(i64::from(spares_asked))
        .fetch_all(&mut *connection)
        .await
        .map_err(failed("look for executions that wait"))?;
    for row in &rows {
        let mut older = row::decode(row)?;
        older.supersede(newer.id, now)?;
        row::update(connection, &older).await?;
    }
    Ok(())
}
