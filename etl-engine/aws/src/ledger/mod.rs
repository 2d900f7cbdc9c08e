//! The run ledger in DynamoDB.
//!
//! Every change reads the job as it is now, lets [`etl_engine::run::Job`] decide, and stores the result
//! with what follows from it (queue, counters, outbox, committed object) in one transaction, on the
//! condition that nobody else changed it meanwhile. Runs are items of the audit table; everything
//! else is in the table of the run state (`docs/adr/0024-dynamodb-run-ledger.md`).
//!
//! Architecture invariant: indexes are behind the tables by moments, so nothing is decided on what
//! an index says.

mod audit_item;
mod change;
mod claim;
mod command;
mod committed;
mod counters;
mod dataset_item;
pub(crate) mod keys;
mod lane;
mod list;
mod log;
mod record;
mod rejected;
mod reports;
mod work;

use async_trait::async_trait;
use aws::Account;
use aws_sdk_dynamodb::Client;
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

use crate::dynamo_db::long_text::LongTexts;

use keys::key;

/// The tables of one environment's ledger, and what its audit items tell beside the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerSettings {
    /// Whose ledger it is.
    pub environment: EnvironmentName,
    /// The table with an item a run: `<env>-<prefix>-etl-job-audit`.
    pub audit_table: String,
    /// The table of everything else: `<env>-<prefix>-run-state`.
    pub state_table: String,
    /// The bucket of the conformed zone, told as the run's `target_bucketname`.
    pub conformed_bucket: String,
    /// The database of the conformed zone, told as the run's `target_databasename`.
    pub conformed_database: String,
}

/// The [`RunLedger`] of one environment in DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoDbRunLedger {
    client: Client,
    settings: LedgerSettings,
    texts: LongTexts,
}

impl DynamoDbRunLedger {
    /// The ledger in the tables of an account. Asks AWS nothing yet.
    pub fn new(account: &Account, settings: LedgerSettings) -> Self {
        let client = Client::new(account.sdk());
        let texts = LongTexts::new(client.clone(), &settings.state_table);
        Self { client, settings, texts }
    }

    fn audit(&self) -> &str {
        &self.settings.audit_table
    }

    fn state(&self) -> &str {
        &self.settings.state_table
    }
}

#[async_trait]
impl RunLedger for DynamoDbRunLedger {
    async fn record(&self, new: &NewRun, now: Timestamp) -> Result<Recorded> {
        self.record_arrival(new, now).await
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
        self.prolong(claim, until, so_far).await
    }

    async fn checkpoint(
        &self,
        claim: &Claim,
        run: &Run,
        committed: Option<&CommittedObject>,
    ) -> Result<()> {
        self.store_progress(claim, run, committed).await
    }

    async fn finish(&self, claim: &Claim, run: &Run, notification: &Notification) -> Result<()> {
        self.store_end(claim, run, notification).await
    }

    async fn release(
        &self,
        claim: &Claim,
        run: &Run,
        due: Timestamp,
        count_attempt: bool,
    ) -> Result<()> {
        self.give_back(claim, run, due, count_attempt).await
    }

    async fn run(&self, id: RunId) -> Result<Option<Run>> {
        Ok(self.find(id).await?.map(|stored| stored.job.run))
    }

    async fn list(&self, filter: &RunFilter) -> Result<Vec<Run>> {
        self.search(filter).await
    }

    async fn command(&self, id: RunId, command: RunCommand, now: Timestamp) -> Result<Run> {
        self.carry_out(id, command, now).await
    }

    async fn release_held(&self, dataset: &DatasetId, now: Timestamp) -> Result<u64> {
        self.queue_held(dataset, now).await
    }
}
