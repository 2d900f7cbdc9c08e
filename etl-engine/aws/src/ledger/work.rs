//! What a worker does under its claim.

use domain::Result;
use domain::notification::Notification;
use domain::run::{CommittedObject, Run};
use etl_engine::run::{Claim, Heartbeat, Job, SoFar};
use jiff::Timestamp;

use super::DynamoDbRunLedger;
use super::change::Change;
use crate::dynamo_db::{Item, Outcome, Tried, repeating};

/// What goes into the transaction of a change.
#[derive(Default, Clone, Copy)]
struct With<'a> {
    notification: Option<&'a Notification>,
    committed: Option<&'a Item>,
}

impl DynamoDbRunLedger {
    pub(super) async fn prolong(
        &self,
        claim: &Claim,
        until: Timestamp,
        so_far: Option<SoFar>,
    ) -> Result<Heartbeat> {
        let prolonged = |job: &mut Job| job.heartbeat(claim, until, so_far);
        self.under_claim("prolong a claim", claim, prolonged, With::default()).await
    }

    pub(super) async fn store_progress(
        &self,
        claim: &Claim,
        run: &Run,
        committed: Option<&CommittedObject>,
    ) -> Result<()> {
        let what = "store the progress of a run";
        let progressed = |job: &mut Job| job.checkpoint(claim, run);
        let Some(committed) = committed else {
            return self.under_claim(what, claim, progressed, With::default()).await;
        };
        // A claim that is void is refused before anything is prepared under it.
        self.existing(claim.run.id).await?.job.check(claim)?;
        let prepared = self.prepare(&claim.run.dataset, committed).await?;
        let with = With { committed: Some(&prepared.item), ..With::default() };
        self.under_claim(what, claim, progressed, with).await?;
        self.forget_replaced(prepared).await;
        Ok(())
    }

    pub(super) async fn store_end(
        &self,
        claim: &Claim,
        run: &Run,
        notification: &Notification,
    ) -> Result<()> {
        let ended = |job: &mut Job| job.finish(claim, run, notification.created_at);
        let with = With { notification: Some(notification), ..With::default() };
        self.under_claim("store the end of a run", claim, ended, with).await
    }

    pub(super) async fn give_back(
        &self,
        claim: &Claim,
        run: &Run,
        due: Timestamp,
        count_attempt: bool,
    ) -> Result<()> {
        let given_back = |job: &mut Job| job.release(claim, run, due, count_attempt);
        self.under_claim("give back a run", claim, given_back, With::default()).await
    }

    async fn under_claim<T>(
        &self,
        what: &str,
        claim: &Claim,
        decide: impl Fn(&mut Job) -> Result<T>,
        with: With<'_>,
    ) -> Result<T> {
        let attempt = async || {
            let stored = self.existing(claim.run.id).await?;
            let mut job = stored.job.clone();
            let answer = decide(&mut job)?;
            let With { notification, committed } = with;
            let change = Change { before: Some(&stored), job: &job, notification, committed };
            Ok(match self.store(&change, what).await? {
                Outcome::Done => Tried::Done(answer),
                Outcome::Refused(_) | Outcome::Busy => Tried::Again,
            })
        };
        repeating(what, attempt).await
    }
}
