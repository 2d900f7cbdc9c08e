//! Carrying out one claimed run: both hops, each up to its commit, the commit, the catalog.
//!
//! Architecture invariant: every step may be repeated. The commit of the first hop is written down
//! before it is carried out and is rolled forward by whoever claims the run next; the second hop is a
//! function of the conformed zone and is simply computed again.

mod catalog;
mod first_hop;
mod quality;
mod second_hop;
mod staging;
mod steps;

use domain::Error;
use domain::run::Run;
use tokio_util::sync::CancellationToken;

use super::logger::RunLogger;
use super::{Claim, EngineSettings, Stop};
use crate::lake::Lake;
use crate::raw_to_conformed::Progress;

/// A claimed run being carried out.
pub(super) struct Execution<'a> {
    pub(super) lake: &'a Lake,
    pub(super) claim: &'a Claim,
    pub(super) settings: &'a EngineSettings,
    pub(super) cancel: &'a CancellationToken,
    pub(super) progress: &'a Progress,
    pub(super) log: &'a RunLogger,
    /// The run as it stands; what the ledger holds plus what was done since.
    pub(super) run: Run,
}

impl Execution<'_> {
    /// Takes the run through both hops, from wherever it stands.
    pub(super) async fn work(&mut self) -> Result<(), Stop> {
        let dataset = &self.run.dataset;
        let source = self.lake.sources.current(dataset).await?.ok_or_else(|| {
            Error::invalid(format!("dataset {dataset} is no longer registered: register it"))
        })?;
        self.first_hop(source).await?;
        // The first hop may have followed drift and saved a newer version.
        let source = self.lake.sources.current(&self.run.dataset).await?.ok_or_else(|| {
            Error::invalid(format!("dataset {} is no longer registered", self.run.dataset))
        })?;
        self.second_hop(&source).await
    }
}
