//! What people ask of runs.

use domain::Result;
use domain::dataset::DatasetId;
use domain::run::{Run, RunId};
use etl_engine::run::RunCommand;
use jiff::Timestamp;

use super::change::Change;
use super::{DynamoDbRunLedger, keys};
use crate::dynamo_db::attributes::parsed_of;
use crate::dynamo_db::{Outcome, Tried, read, repeating, text};

impl DynamoDbRunLedger {
    pub(super) async fn carry_out(
        &self,
        id: RunId,
        command: RunCommand,
        now: Timestamp,
    ) -> Result<Run> {
        let what = "carry out a command";
        let attempt = async || {
            let stored = self.existing(id).await?;
            let mut job = stored.job.clone();
            let told = job.command(command, now)?;
            let change = Change { notification: told.as_ref(), ..Change::new(Some(&stored), &job) };
            Ok(match self.store(&change, what).await? {
                Outcome::Done => Tried::Done(job.run),
                Outcome::Refused(_) | Outcome::Busy => Tried::Again,
            })
        };
        repeating(what, attempt).await
    }

    /// Each run is one transaction: who asks again after a failure finds those that are left.
    pub(super) async fn queue_held(&self, dataset: &DatasetId, now: Timestamp) -> Result<u64> {
        let query = self
            .client
            .query()
            .table_name(self.state())
            .key_condition_expression("pk = :held")
            .expression_attribute_values(":held", text(keys::held(dataset)))
            .consistent_read(true);
        let mut released = 0;
        for held in read::all("find held runs", query, usize::MAX).await? {
            let id = parsed_of(&held, "sk")?;
            released += u64::from(repeating("queue a held run", || self.queue_one(id, now)).await?);
        }
        Ok(released)
    }

    /// Whether the run was held.
    async fn queue_one(&self, id: RunId, now: Timestamp) -> Result<Tried<bool>> {
        let stored = self.existing(id).await?;
        let mut job = stored.job.clone();
        if !job.release_held(now) {
            return Ok(Tried::Done(false));
        }
        let change = Change::new(Some(&stored), &job);
        Ok(match self.store(&change, "queue a held run").await? {
            Outcome::Done => Tried::Done(true),
            Outcome::Refused(_) | Outcome::Busy => Tried::Again,
        })
    }
}
