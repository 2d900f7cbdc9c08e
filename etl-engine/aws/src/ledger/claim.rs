//! Claiming work.

use domain::{ErrorKind, Result};
use etl_engine::run::{Claim, ClaimRequest};
use jiff::Timestamp;

use super::DynamoDbRunLedger;
use super::change::Change;
use super::keys::WORK;
use super::lane::Lane;
use crate::dynamo_db::attributes::time;
use crate::dynamo_db::transaction::pause;
use crate::dynamo_db::{Outcome, read, text};

/// So often other workers may be faster before this one asks again later.
const LOST_RACES: u32 = 20;
const WHAT: &str = "claim a run";

/// What an attempt to claim came to.
enum Attempt {
    Claimed(Box<Claim>),
    /// Another worker was faster, or a run was failed on the way: look again.
    LookAgain,
}

impl DynamoDbRunLedger {
    /// One query when there is nothing to do. Who loses a race goes on to the next dataset, so that
    /// many workers do not wait for one and the same.
    pub(super) async fn claim_next(
        &self,
        request: &ClaimRequest,
        now: Timestamp,
    ) -> Result<Option<Claim>> {
        for round in 0..LOST_RACES {
            let lanes = self.lanes_due(now).await?;
            if lanes.is_empty() {
                return Ok(None);
            }
            let mut damaged = None;
            for lane in &lanes {
                match self.claim_of(lane, request, now).await {
                    Ok(Attempt::Claimed(claim)) => return Ok(Some(*claim)),
                    Ok(Attempt::LookAgain) => {}
                    // One dataset whose items were spoilt must not keep all others waiting.
                    Err(error) if error.kind() == ErrorKind::Internal => {
                        tracing::error!(dataset = %lane.dataset, run = %lane.run, %error,
                            "the dataset cannot be worked on");
                        damaged = Some(error);
                    }
                    Err(error) => return Err(error),
                }
            }
            if let Some(error) = damaged {
                return Err(error);
            }
            pause(round).await;
        }
        Ok(None)
    }

    async fn claim_of(
        &self,
        lane: &Lane,
        request: &ClaimRequest,
        now: Timestamp,
    ) -> Result<Attempt> {
        let Some(stored) = self.find(lane.run).await? else { return Ok(Attempt::LookAgain) };
        let mut job = stored.job.clone();
        if !job.is_claimable(now) {
            return Ok(Attempt::LookAgain);
        }
        if !job.may_go_on(request.max_attempts) {
            let told = job.give_up(now);
            let change = Change { notification: Some(&told), ..Change::new(Some(&stored), &job) };
            self.store(&change, WHAT).await?;
            return Ok(Attempt::LookAgain);
        }
        let claim = job.claim(request, now);
        Ok(match self.store(&Change::new(Some(&stored), &job), WHAT).await? {
            Outcome::Done => Attempt::Claimed(Box::new(claim)),
            Outcome::Refused(_) | Outcome::Busy => Attempt::LookAgain,
        })
    }

    /// The lanes whose next run may be worked on, the oldest run first.
    async fn lanes_due(&self, now: Timestamp) -> Result<Vec<Lane>> {
        let query = self
            .client
            .query()
            .table_name(self.state())
            .key_condition_expression("pk = :work")
            .filter_expression("next_at <= :now")
            .expression_attribute_values(":work", text(WORK))
            .expression_attribute_values(":now", time(now))
            .consistent_read(true);
        let found = read::all("look for work", query, usize::MAX).await?;
        let mut lanes = found.iter().map(Lane::of).collect::<Result<Vec<_>>>()?;
        lanes.sort_by_key(|lane| lane.run);
        Ok(lanes)
    }
}
