//! Claiming work.

use domain::run::RunId;
use domain::{ErrorKind, Result};
use etl_engine::run::{Claim, ClaimRequest};
use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{Any, Transaction};

use super::{SqlRunLedger, row};
use crate::outbox;
use database::columns;
use database::{failed, retrying};

/// The oldest run whose worker is gone.
const ABANDONED: &str = "SELECT id FROM runs WHERE environment = $1 AND status = 'RUNNING' \
     AND lease_until <= $2 ORDER BY id LIMIT 1";

/// The oldest run that is due and the first of its dataset, none of which is running.
const DUE: &str = "SELECT id FROM runs AS candidate WHERE environment = $1 \
     AND status = 'QUEUED' AND due_at <= $2 \
     AND NOT EXISTS (SELECT 1 FROM runs AS running WHERE running.environment = $1 \
         AND running.dataset = candidate.dataset AND running.status = 'RUNNING') \
     AND NOT EXISTS (SELECT 1 FROM runs AS earlier WHERE earlier.environment = $1 \
         AND earlier.dataset = candidate.dataset AND earlier.status = 'QUEUED' \
         AND earlier.id < candidate.id) \
     ORDER BY id LIMIT 1";

/// So often another worker may be faster before this one asks again later.
const LOST_RACES: usize = 20;

/// What an attempt to claim came to.
enum Attempt {
    Claimed(Box<Claim>),
    /// Another worker was faster, or a run was failed on the way: look again.
    LookAgain,
    NothingToDo,
}

impl SqlRunLedger {
    pub(super) async fn claim_next(
        &self,
        request: &ClaimRequest,
        now: Timestamp,
    ) -> Result<Option<Claim>> {
        for _ in 0..LOST_RACES {
            match retrying(|| self.claim_once(request, now)).await {
                Ok(Attempt::Claimed(claim)) => return Ok(Some(*claim)),
                Ok(Attempt::NothingToDo) => return Ok(None),
                Ok(Attempt::LookAgain) => {}
                // The index that allows one running run per dataset has decided for another.
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    async fn claim_once(&self, request: &ClaimRequest, now: Timestamp) -> Result<Attempt> {
        // Most calls find nothing, and then no writer is kept waiting.
        if self.candidate_outside(now).await?.is_none() {
            return Ok(Attempt::NothingToDo);
        }
        let mut transaction = self.database.begin().await?;
        let Some(id) = self.candidate(&mut transaction, now).await? else {
            return Ok(Attempt::NothingToDo);
        };
        let mut job = row::lock(&self.database, &mut transaction, &self.environment, id).await?;
        if !job.is_claimable(now) {
            return Ok(Attempt::LookAgain);
        }
        let attempt = if job.may_go_on(request.max_attempts) {
            Attempt::Claimed(Box::new(job.claim(request, now)))
        } else {
            let notification = job.give_up(now);
            outbox::insert(&mut transaction, &self.environment, &notification).await?;
            Attempt::LookAgain
        };
        row::update(&mut transaction, &job).await?;
        transaction.commit().await.map_err(failed("claim a run"))?;
        Ok(attempt)
    }

    async fn candidate_outside(&self, now: Timestamp) -> Result<Option<RunId>> {
        for statement in [ABANDONED, DUE] {
            let row = self.ask(statement, now).fetch_optional(self.database.reader()?).await;
            if let Some(id) = id_of(row.map_err(failed("look for work"))?)? {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// The older one of the two kinds of candidates.
    async fn candidate(
        &self,
        transaction: &mut Transaction<'_, Any>,
        now: Timestamp,
    ) -> Result<Option<RunId>> {
        let mut oldest = None;
        for statement in [ABANDONED, DUE] {
            let row = self.ask(statement, now).fetch_optional(&mut **transaction).await;
            let found = id_of(row.map_err(failed("look for work"))?)?;
            oldest = oldest.into_iter().chain(found).min();
        }
        Ok(oldest)
    }

    fn ask(
        &self,
        statement: &'static str,
        now: Timestamp,
    ) -> sqlx::query::Query<'static, Any, sqlx::any::AnyArguments> {
        sqlx::query(statement).bind(self.environment.to_string()).bind(columns::micros(now))
    }
}

fn id_of(row: Option<AnyRow>) -> Result<Option<RunId>> {
    row.map(|row| columns::parsed(("id", columns::text(&row, "id")?))).transpose()
}
