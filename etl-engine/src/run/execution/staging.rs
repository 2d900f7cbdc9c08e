//! Throwing away what was staged and will not be committed.

use domain::Result;
use domain::zone::Hop;
use object_store::ObjectStore;

use super::Execution;
use crate::table_files::{discard, staging_folder};

impl Execution<'_> {
    /// Deletes what earlier attempts at a hop staged that now begins anew. Should the worker of one
    /// of them only hang, it finds nothing to put in place any more. Files of later attempts stay.
    pub(super) async fn discard_stale(&self, hop: Hop) -> Result<()> {
        for fence in 1..self.claim.fence {
            discard(self.zone_of(hop), &staging_folder(self.run.id, hop, fence)).await?;
        }
        Ok(())
    }

    /// Deletes what this attempt staged and will not commit, so that a full disk does not stay
    /// full. What cannot be deleted now is left to the clean-up.
    pub(super) async fn discard_own(&self, hop: Hop) {
        let folder = staging_folder(self.run.id, hop, self.claim.fence);
        if let Err(error) = discard(self.zone_of(hop), &folder).await {
            tracing::warn!(run = %self.run.id, %error, "staged files were left behind");
        }
    }

    fn zone_of(&self, hop: Hop) -> &dyn ObjectStore {
        match hop {
            Hop::RawToConformed => self.lake.conformed.as_ref(),
            Hop::ConformedToPurposeBuilt => self.lake.purpose_built.as_ref(),
        }
    }
}
