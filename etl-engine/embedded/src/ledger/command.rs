//! What people ask of runs.

use domain::Result;
use domain::dataset::DatasetId;
use domain::run::{Run, RunId};
use etl_engine::run::RunCommand;
use jiff::Timestamp;

use super::{SqlRunLedger, row};
use crate::outbox;
use database::columns;
use database::failed;

const HELD: &str =
    "SELECT id FROM runs WHERE environment = $1 AND dataset = $2 AND status = 'HELD' ORDER BY id";

impl SqlRunLedger {
    pub(super) async fn carry_out(
        &self,
        id: RunId,
        command: RunCommand,
        now: Timestamp,
    ) -> Result<Run> {
        let mut transaction = self.database.begin().await?;
        let mut job = row::lock(&self.database, &mut transaction, &self.environment, id).await?;
        if let Some(notification) = job.command(command, now)? {
            outbox::insert(&mut transaction, &self.environment, &notification).await?;
        }
        row::update(&mut transaction, &job).await?;
        transaction.commit().await.map_err(failed("carry out a command"))?;
        Ok(job.run)
    }

    pub(super) async fn queue_held(&self, dataset: &DatasetId, now: Timestamp) -> Result<u64> {
        let mut transaction = self.database.begin().await?;
        let rows = sqlx::query(HELD)
            .bind(self.environment.to_string())
            .bind(dataset.to_string())
            .fetch_all(&mut *transaction)
            .await
            .map_err(failed("find held runs"))?;
        let mut released = 0;
        for found in rows {
            let id = columns::parsed(("id", columns::text(&found, "id")?))?;
            let mut job =
                row::lock(&self.database, &mut transaction, &self.environment, id).await?;
            if job.release_held(now) {
                row::update(&mut transaction, &job).await?;
                released += 1;
            }
        }
        transaction.commit().await.map_err(failed("queue held runs"))?;
        Ok(released)
    }
}
