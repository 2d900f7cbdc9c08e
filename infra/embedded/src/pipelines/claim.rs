//! Claiming work.

use database::columns::{self, micros};
use database::{failed, retrying};
use domain::pipeline::ExecutionId;
use domain::{ErrorKind, Result};
use infra::pipeline::{Claim, ClaimRequest};
use jiff::Timestamp;
use sqlx::Executor;
use sqlx::any::AnyRow;

use super::{SqlPipelines, row};

/// The oldest execution whose worker is gone; else the oldest that is due in an environment where none
/// is running. A deployment that was begun comes before all others there. Pushes wait while the
/// environment is paused.
const CANDIDATE: &str = "SELECT id FROM executions AS one WHERE \
     (status = 'RUNNING' AND lease_until <= $1) \
     OR (status = 'QUEUED' AND due_at <= $1 \
     AND NOT EXISTS (SELECT 1 FROM executions AS other \
         WHERE other.environment = one.environment AND other.status = 'RUNNING') \
     AND (deploy_begun = 1 OR NOT EXISTS (SELECT 1 FROM executions AS begun \
         WHERE begun.environment = one.environment AND begun.status = 'QUEUED' \
         AND begun.deploy_begun = 1)) \
     AND (is_automatic = 0 OR deploy_begun = 1 OR NOT EXISTS (SELECT 1 \
         FROM pipeline_environments AS place \
         WHERE place.environment = one.environment AND place.paused IS NOT NULL))) \
     ORDER BY id LIMIT 1";

/// So often another worker may be faster before this one asks again later.
const LOST_RACES: usize = 20;

/// What an attempt to claim came to.
enum Attempt {
    Claimed(Box<Claim>),
    /// Another worker was faster, or an execution was ended on the way: look again.
    LookAgain,
    NothingToDo,
}

impl SqlPipelines {
    /// Hands out the oldest execution that is due, of an environment in which none is running; `None`
    /// when there is none. One that was claimed too often without getting on, or that was cancelled,
    /// is ended instead.
    pub async fn claim(&self, request: &ClaimRequest, now: Timestamp) -> Result<Option<Claim>> {
        for _ in 0..LOST_RACES {
            match retrying(|| self.claim_once(request, now)).await {
                Ok(Attempt::Claimed(claim)) => return Ok(Some(*claim)),
                Ok(Attempt::NothingToDo) => return Ok(None),
                Ok(Attempt::LookAgain) => {}
                // The index that allows one running execution has decided for another.
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    async fn claim_once(&self, request: &ClaimRequest, now: Timestamp) -> Result<Attempt> {
        let Some(id) = candidate(self.database.reader()?, now).await? else {
            return Ok(Attempt::NothingToDo);
        };
        let (mut transaction, mut job) = row::lock(&self.database, id).await?;
        // Asked again under the lock: what stood before may have changed.
        if candidate(&mut *transaction, now).await? != Some(id) || !job.is_claimable(now) {
            return Ok(Attempt::LookAgain);
        }
        let claim = job.claim(request, now);
        row::update(&mut transaction, &job).await?;
        transaction.commit().await.map_err(failed("claim an execution"))?;
        Ok(claim.map_or(Attempt::LookAgain, |claim| Attempt::Claimed(Box::new(claim))))
    }
}

async fn candidate(
    executor: impl Executor<'_, Database = sqlx::Any>,
    now: Timestamp,
) -> Result<Option<ExecutionId>> {
    let row = sqlx::query(CANDIDATE).bind(micros(now)).fetch_optional(executor).await;
    let id = |row: AnyRow| columns::parsed(("id", columns::text(&row, "id")?));
    row.map_err(failed("look for work"))?.map(id).transpose()
}
