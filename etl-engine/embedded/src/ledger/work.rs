//! What a worker does under its claim.

use domain::Result;
use domain::notification::Notification;
use domain::run::{CommittedObject, Run};
use etl_engine::run::{Claim, Heartbeat, SoFar};
use jiff::Timestamp;

use super::committed;
use super::{SqlRunLedger, row};
use crate::outbox;
use database::failed;

impl SqlRunLedger {
    pub(super) async fn prolong(
        &self,
        claim: &Claim,
        until: Timestamp,
        so_far: Option<SoFar>,
    ) -> Result<Heartbeat> {
        let mut transaction = self.database.begin().await?;
        let mut job = self.lock_claimed(&mut transaction, claim).await?;
        let heartbeat = job.heartbeat(claim, until, so_far)?;
        row::update(&mut transaction, &job).await?;
        transaction.commit().await.map_err(failed("prolong a claim"))?;
        Ok(heartbeat)
    }

    pub(super) async fn store_progress(
        &self,
        claim: &Claim,
        run: &Run,
        committed: Option<&CommittedObject>,
    ) -> Result<()> {
        let mut transaction = self.database.begin().await?;
        let mut job = self.lock_claimed(&mut transaction, claim).await?;
        job.checkpoint(claim, run)?;
        row::update(&mut transaction, &job).await?;
        if let Some(committed) = committed {
            committed::store(&mut transaction, &self.environment, &job.run, committed).await?;
        }
        transaction.commit().await.map_err(failed("store the progress of a run"))
    }

    pub(super) async fn store_end(
        &self,
        claim: &Claim,
        run: &Run,
        notification: &Notification,
    ) -> Result<()> {
        let mut transaction = self.database.begin().await?;
        let mut job = self.lock_claimed(&mut transaction, claim).await?;
        job.finish(claim, run, notification.created_at)?;
        row::update(&mut transaction, &job).await?;
        outbox::insert(&mut transaction, &self.environment, notification).await?;
        transaction.commit().await.map_err(failed("store the end of a run"))
    }

    pub(super) async fn give_back(
        &self,
        claim: &Claim,
        run: &Run,
        due: Timestamp,
        count_attempt: bool,
    ) -> Result<()> {
        let mut transaction = self.database.begin().await?;
        let mut job = self.lock_claimed(&mut transaction, claim).await?;
        job.release(claim, run, due, count_attempt)?;
        row::update(&mut transaction, &job).await?;
        transaction.commit().await.map_err(failed("give back a run"))
    }

    async fn lock_claimed(
        &self,
        transaction: &mut sqlx::Transaction<'_, sqlx::Any>,
        claim: &Claim,
    ) -> Result<etl_engine::run::Job> {
        row::lock(&self.database, transaction, &self.environment, claim.run.id).await
    }
}
