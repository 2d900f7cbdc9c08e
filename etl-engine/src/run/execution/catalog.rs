//! Bringing the catalog to what the data is, under a claim that still holds.

use std::collections::BTreeSet;

use domain::Result;
use domain::partition::Partition;
use domain::table::CatalogPartition;
use domain::table_history::TableAuthor;
use domain::zone::{Hop, Zone};

use super::Execution;
use crate::catalog::{TableShape, ensure_table};

impl Execution<'_> {
    /// Takes partitions out of the catalog before their last file goes.
    pub(super) async fn take_out_of_catalog(
        &self,
        shape: &TableShape,
        emptied: &[Partition],
    ) -> Result<()> {
        if emptied.is_empty() {
            return Ok(());
        }
        self.check_claim().await?;
        self.lake.catalog.delete_partitions(&shape.name, emptied).await
    }

    /// Stops a worker that hung past its lease right before it would touch the catalog, which
    /// knows no fencing token.
    pub(super) async fn check_claim(&self) -> Result<()> {
        self.lake.ledger.checkpoint(self.claim, &self.run, None).await
    }

    /// Brings the catalog to what the data is now: `partitions` are there, others of `touched` not.
    pub(super) async fn enter_in_catalog(
        &self,
        shape: &TableShape,
        partitions: &[CatalogPartition],
        touched: &[Partition],
    ) -> Result<()> {
        let catalog = &self.lake.catalog;
        ensure_table(catalog.as_ref(), shape, &self.author(shape)).await?;
        catalog.put_partitions(&shape.name, partitions).await?;
        let there: BTreeSet<_> = partitions.iter().map(|there| there.partition).collect();
        let gone: Vec<_> = touched.iter().copied().filter(|day| !there.contains(day)).collect();
        catalog.delete_partitions(&shape.name, &gone).await
    }

    /// This run, with the version that its hop into the table's zone works by.
    fn author(&self, shape: &TableShape) -> TableAuthor {
        let hop = match shape.zone {
            Zone::PurposeBuilt => Hop::ConformedToPurposeBuilt,
            _ => Hop::RawToConformed,
        };
        let definition_version = self.run.step(hop).and_then(|step| step.definition_version);
        TableAuthor::Run { run: self.run.id, definition_version }
    }
}
