//! The second hop of a run: compute, carry out, enter in the catalog.

use std::collections::BTreeSet;

use domain::Result;
use domain::partition::Partition;
use domain::run::{Run, RunStatus, StepStatus};
use domain::table::CatalogPartition;
use domain::zone::Hop;
use jiff::Timestamp;

use super::Execution;
use super::quality::joined;
use crate::quality::Commitment;
use crate::run::{RunFilter, Stop};
use crate::source::SourceVersion;
use crate::table_files::{carry_out, staging_folder};
use crate::{conformed_to_purpose_built, failpoint};

/// Most ended runs of one object that are looked at for days they left unbuilt.
const OVERTAKEN: usize = 100;

impl Execution<'_> {
    pub(super) async fn second_hop(&mut self, source: &SourceVersion) -> Result<(), Stop> {
        let hop = Hop::ConformedToPurposeBuilt;
        if matches!(self.status(hop), Some(StepStatus::Succeeded | StepStatus::Skipped)) {
            return Ok(());
        }
        self.begin(hop).await?;
        let Some(transformation) = self.lake.transformations.current(&self.run.dataset).await?
        else {
            self.progress.end();
            self.log.info(Some(hop), "skipped: no transformation is set");
            self.end(hop, StepStatus::Skipped);
            self.update(hop, |step| step.note = Some("no transformation is set".to_owned()));
            return Ok(());
        };
        let touched = self.days_to_build().await?;
        self.log.info(
            Some(hop),
            format!(
                "builds {} touched partitions by version {} of the transformation",
                touched.len(),
                transformation.version
            ),
        );
        let preparing = conformed_to_purpose_built::prepare(conformed_to_purpose_built::Request {
            lake: self.lake,
            run: &self.run,
            source,
            transformation: &transformation,
            touched: &touched,
            staging: staging_folder(self.run.id, hop, self.claim.fence),
            writer: self.settings.writer,
            limits: self.settings.transformation.clone(),
            cancel: self.cancel,
            progress: self.progress,
        });
        // A sort or a join may take minutes before its first row, at which the hop would look.
        let prepared = tokio::select! {
            prepared = preparing => prepared,
            () = self.cancel.cancelled() => Err(Stop::Cancelled),
        };
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(stop) => {
                self.discard_own(hop).await;
                return Err(stop);
            }
        };
        failpoint::reach("conformed_to_purpose_built.prepared")?;
        let commitment = Commitment { commit: &prepared.commit, days: &prepared.partitions };
        let warning = match self.judge(hop, &prepared.shape, commitment).await {
            Ok(warning) => warning,
            Err(stop) => {
                self.progress.end();
                self.discard_own(hop).await;
                return Err(stop);
            }
        };
        failpoint::reach("conformed_to_purpose_built.judged")?;
        self.stop_if_cancelled()?;
        self.begin_commit(hop, |step| {
            step.counts = prepared.counts;
            step.partitions.clone_from(&prepared.partitions);
            step.definition_version = Some(transformation.version);
            step.note = joined(prepared.note.clone(), warning);
            step.commit = Some(prepared.commit.clone());
        });
        self.lake.ledger.checkpoint(self.claim, &self.run, None).await?;
        failpoint::reach("conformed_to_purpose_built.committing")?;
        self.commit_second_hop(&prepared).await
    }

    /// The days that this run changed, and those that earlier runs of its object changed without
    /// building them. This version has overtaken such runs, so nobody else would build what they
    /// emptied.
    async fn days_to_build(&self) -> Result<Vec<Partition>> {
        let filter = RunFilter {
            key: Some(self.run.arrival.key.clone()),
            statuses: vec![RunStatus::Failed, RunStatus::Cancelled, RunStatus::Superseded],
            limit: OVERTAKEN,
            ..RunFilter::default()
        };
        let overtaken = self.lake.ledger.list(&filter).await?;
        let runs = overtaken.iter().filter(|run| left_unbuilt(run)).chain([&self.run]);
        let steps = runs.filter_map(|run| run.step(Hop::RawToConformed));
        let days: BTreeSet<_> = steps.flat_map(|step| step.partitions.iter().copied()).collect();
        Ok(days.into_iter().collect())
    }

    async fn commit_second_hop(
        &mut self,
        prepared: &conformed_to_purpose_built::Prepared,
    ) -> Result<(), Stop> {
        let (commit, shape) = (&prepared.commit, &prepared.shape);
        let emptied: Vec<_> = commit.removals.iter().map(|file| file.partition).collect();
        self.take_out_of_catalog(shape, &emptied).await?;
        carry_out(self.lake.purpose_built.as_ref(), commit, self.run.id).await?;
        failpoint::reach("conformed_to_purpose_built.data_in_place")?;
        self.check_claim().await?;
        let partitions: Vec<_> = commit
            .moves
            .iter()
            .map(|file| CatalogPartition {
                partition: file.partition,
                rows: file.rows,
                bytes: file.bytes,
                files: 1,
                run: self.run.id,
                updated_at: Timestamp::now(),
            })
            .collect();
        self.enter_in_catalog(shape, &partitions, &prepared.partitions).await?;
        failpoint::reach("conformed_to_purpose_built.in_catalog")?;
        let hop = Hop::ConformedToPurposeBuilt;
        self.log.info(
            Some(hop),
            format!("the catalog has {} with {} partitions", shape.name, partitions.len()),
        );
        self.end(hop, StepStatus::Succeeded);
        Ok(())
    }
}

/// Whether a run changed the conformed table, or began to, and did not build the other one from it.
fn left_unbuilt(run: &Run) -> bool {
    let status = |hop| run.step(hop).map(|step| step.status);
    let changed = [Some(StepStatus::Committing), Some(StepStatus::Succeeded)];
    changed.contains(&status(Hop::RawToConformed))
        && status(Hop::ConformedToPurposeBuilt) != Some(StepStatus::Succeeded)
}
