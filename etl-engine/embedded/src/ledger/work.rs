//! What a worker does under its claim.

use domain::Result;
use domain::notification::Notification;
use domain::run::{CommittedObject, Run};
use etl_engine::run::{Claim, Heartbeat};
use jiff::Timestamp;
use sqlx::AnyConnection;

use super::{SqlRunLedger, row};
use crate::columns::to_json;
use crate::database::failed;
use crate::outbox;

const COMMITTED: &str = "INSERT INTO committed_objects \
     (environment, dataset, object_key, document, run) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (environment, dataset, object_key) \
     DO UPDATE SET document = excluded.document, run = excluded.run";

impl SqlRunLedger {
    pub(super) async fn prolong(&self, claim: &Claim, until: Timestamp) -> Result<Heartbeat> {
        let mut transaction = self.database.begin().await?;
        let mut job = self.lock_claimed(&mut transaction, claim).await?;
        let heartbeat = job.heartbeat(claim, until)?;
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
            self.store_committed(&mut transaction, &job.run, committed).await?;
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

    async fn store_committed(
        &self,
        connection: &mut AnyConnection,
        run: &Run,
        committed: &CommittedObject,
    ) -> Result<()> {
        let query = sqlx::query(COMMITTED)
            .bind(self.environment.to_string())
            .bind(run.dataset.to_string())
            .bind(committed.key.clone())
            .bind(to_json(committed)?)
            .bind(committed.run.to_string());
        query.execute(connection).await.map(drop).map_err(failed("store what an object holds"))
    }
}
