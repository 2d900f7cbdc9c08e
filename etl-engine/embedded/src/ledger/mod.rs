//! The run ledger in SQL.
//!
//! Every change reads the row under a lock, lets [`etl_engine::run::Job`] decide, and stores the
//! result with what follows from it (outbox, committed object) in one transaction.

mod claim;
mod command;
mod committed;
mod log;
mod read;
mod record;
mod rejected;
mod reports;
mod row;
mod work;

use async_trait::async_trait;
use domain::Result;
use domain::arrival::Arrival;
use domain::dataset::DatasetId;
use domain::environment::EnvironmentName;
use domain::notification::Notification;
use domain::run::{CommittedObject, Run, RunId};
use etl_engine::run::{
    Claim, ClaimRequest, Heartbeat, NewRun, Recorded, RunCommand, RunFilter, RunLedger, SoFar,
};
use jiff::Timestamp;

use database::{Database, retrying};

/// The [`RunLedger`] of one environment in a [`Database`].
#[derive(Debug, Clone)]
pub struct SqlRunLedger {
    database: Database,
    environment: EnvironmentName,
}

impl SqlRunLedger {
    /// The ledger of an environment.
    pub fn new(database: Database, environment: EnvironmentName) -> Self {
        Self { database, environment }
    }
}

#[async_trait]
impl RunLedger for SqlRunLedger {
    async fn record(&self, new: &NewRun, now: Timestamp) -> Result<Recorded> {
        retrying(|| self.record_once(new, now)).await
    }

    async fn unknown(&self, arrivals: Vec<Arrival>) -> Result<Vec<Arrival>> {
        self.not_recorded(arrivals).await
    }

    async fn claim(&self, request: &ClaimRequest, now: Timestamp) -> Result<Option<Claim>> {
        self.claim_next(request, now).await
    }

    async fn heartbeat(
        &self,
        claim: &Claim,
        until: Timestamp,
        so_far: Option<SoFar>,
    ) -> Result<Heartbeat> {
        retrying(|| self.prolong(claim, until, so_far)).await
    }

    async fn checkpoint(
        &self,
        claim: &Claim,
        run: &Run,
        committed: Option<&CommittedObject>,
    ) -> Result<()> {
        retrying(|| self.store_progress(claim, run, committed)).await
    }

    async fn finish(&self, claim: &Claim, run: &Run, notification: &Notification) -> Result<()> {
        retrying(|| self.store_end(claim, run, notification)).await
    }

    async fn release(
        &self,
        claim: &Claim,
        run: &Run,
        due: Timestamp,
        count_attempt: bool,
    ) -> Result<()> {
        retrying(|| self.give_back(claim, run, due, count_attempt)).await
    }

    async fn run(&self, id: RunId) -> Result<Option<Run>> {
        self.find(id).await
    }

    async fn list(&self, filter: &RunFilter) -> Result<Vec<Run>> {
        self.search(filter).await
    }

    async fn command(&self, id: RunId, command: RunCommand, now: Timestamp) -> Result<Run> {
        retrying(|| self.carry_out(id, command, now)).await
    }

    async fn release_held(&self, dataset: &DatasetId, now: Timestamp) -> Result<u64> {
        retrying(|| self.queue_held(dataset, now)).await
    }
}
