//! Carrying out one claimed run: both hops, each up to its commit, the commit, the catalog.
//!
//! Architecture invariant: every step may be repeated. The commit of the first hop is written down
//! before it is carried out and is rolled forward by whoever claims the run next; the second hop is a
//! function of the conformed zone and is simply computed again.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use domain::partition::Partition;
use domain::run::{Commit, CommittedFile, CommittedObject, Run, RunStatus, Step, StepStatus};
use domain::table::CatalogPartition;
use domain::zone::Hop;
use domain::{Error, Result};
use jiff::Timestamp;
use object_store::ObjectStore;
use tokio_util::sync::CancellationToken;

use super::{Claim, EngineSettings, RunFilter, Stop};
use crate::catalog::{TableShape, ensure_table};
use crate::lake::Lake;
use crate::raw_to_conformed::Progress;
use crate::source::SourceVersion;
use crate::table_files::{carry_out, discard, staging_folder};
use crate::{conformed_to_purpose_built, failpoint, raw_to_conformed};

/// Most ended runs of one object that are looked at for days they left unbuilt.
const OVERTAKEN: usize = 100;

/// A claimed run being carried out.
pub(super) struct Execution<'a> {
    pub(super) lake: &'a Lake,
    pub(super) claim: &'a Claim,
    pub(super) settings: &'a EngineSettings,
    pub(super) cancel: &'a CancellationToken,
    pub(super) progress: &'a Progress,
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

    async fn first_hop(&mut self, source: SourceVersion) -> Result<(), Stop> {
        let hop = Hop::RawToConformed;
        if self.status(hop) == Some(StepStatus::Succeeded) {
            return Ok(());
        }
        let arrival = &self.run.arrival;
        let previous = self.lake.committed.object(&self.run.dataset, &arrival.key).await?;
        if let Some(newer) = previous.as_ref().filter(|held| held.sequencer > arrival.sequencer) {
            let message = format!("run {} committed a newer version of {}", newer.run, arrival.key);
            return Err(Stop::Superseded(message));
        }
        // Only as long as no other run has committed the object since: then it owns other files
        // than this commit knows of, and the hop begins anew.
        let ours = previous.as_ref().is_some_and(|held| held.run == self.run.id);
        if self.status(hop) == Some(StepStatus::Committing) && ours {
            return self.roll_forward(&source, previous).await;
        }
        self.begin(hop).await?;
        let shape = raw_to_conformed::table_shape(&source.source);
        if let Some(existing) = self.lake.catalog.table(&shape.name).await? {
            shape.check_place(&existing)?;
        }
        let prepared = raw_to_conformed::prepare(raw_to_conformed::Request {
            lake: self.lake,
            run: &self.run,
            source,
            previous: previous.clone(),
            staging: staging_folder(self.run.id, hop, self.claim.fence),
            decode: self.settings.decode,
            writer: self.settings.writer,
            cancel: self.cancel,
            progress: self.progress,
        })
        .await;
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(stop) => {
                self.count_progress(hop);
                self.discard_own(hop).await;
                return Err(stop);
            }
        };
        failpoint::reach("raw_to_conformed.prepared")?;
        self.stop_if_cancelled()?;
        self.update(hop, |step| {
            step.status = StepStatus::Committing;
            step.counts = prepared.counts;
            step.partitions.clone_from(&prepared.partitions);
            step.definition_version = Some(prepared.source_version);
            step.note.clone_from(&prepared.note);
            step.commit = Some(prepared.commit.clone());
        });
        let intent = with_files_of(&prepared.committed, previous.as_ref());
        self.lake.ledger.checkpoint(self.claim, &self.run, Some(&intent)).await?;
        failpoint::reach("raw_to_conformed.committing")?;
        self.commit_first_hop(&prepared.commit, &prepared.shape, &prepared.committed).await
    }

    /// Finishes a commit that an earlier attempt wrote down.
    async fn roll_forward(
        &mut self,
        source: &SourceVersion,
        intent: Option<CommittedObject>,
    ) -> Result<(), Stop> {
        let commit = self
            .run
            .step(Hop::RawToConformed)
            .and_then(|step| step.commit.clone())
            .ok_or_else(|| Error::internal("the step commits, but its commit is missing"))?;
        let intent = intent
            .ok_or_else(|| Error::internal("the step commits, but its object was not recorded"))?;
        let committed = CommittedObject { files: files_of(&commit), ..intent };
        let shape = raw_to_conformed::table_shape(&source.source);
        self.commit_first_hop(&commit, &shape, &committed).await
    }

    /// Data, then ledger, then catalog.
    async fn commit_first_hop(
        &mut self,
        commit: &Commit,
        shape: &TableShape,
        committed: &CommittedObject,
    ) -> Result<(), Stop> {
        let hop = Hop::RawToConformed;
        let dataset = self.run.dataset.clone();
        // When this is a repeat, the object may not own them any more, and the one file that is
        // left is somebody else's.
        let held = self.lake.committed.object(&dataset, &committed.key).await?;
        let owned = |path: &str| held.iter().flat_map(|held| &held.files).any(|f| f.path == path);
        let removed: Vec<_> = commit
            .removals
            .iter()
            .filter(|file| owned(&file.path))
            .map(|file| file.partition)
            .collect();
        let before = self.lake.committed.totals(&dataset, &removed).await?;
        let last_file = before.iter().filter(|totals| totals.files == 1).map(|t| t.partition);
        let emptied: Vec<_> = last_file.collect();
        self.take_out_of_catalog(shape, &emptied).await?;
        carry_out(self.lake.conformed.as_ref(), commit, self.run.id).await?;
        self.lake.ledger.checkpoint(self.claim, &self.run, Some(committed)).await?;
        failpoint::reach("raw_to_conformed.data_in_place")?;
        let touched = self.run.step(hop).map(|step| step.partitions.clone()).unwrap_or_default();
        let totals = self.lake.committed.totals(&dataset, &touched).await?;
        let partitions: Vec<_> = totals
            .iter()
            .map(|totals| CatalogPartition {
                partition: totals.partition,
                rows: totals.rows,
                bytes: totals.bytes,
                files: totals.files,
                run: self.run.id,
                updated_at: Timestamp::now(),
            })
            .collect();
        self.enter_in_catalog(shape, &partitions, &touched).await?;
        failpoint::reach("raw_to_conformed.in_catalog")?;
        self.end(hop, StepStatus::Succeeded);
        self.lake.ledger.checkpoint(self.claim, &self.run, None).await?;
        failpoint::reach("raw_to_conformed.done")?;
        Ok(())
    }

    async fn second_hop(&mut self, source: &SourceVersion) -> Result<(), Stop> {
        let hop = Hop::ConformedToPurposeBuilt;
        if matches!(self.status(hop), Some(StepStatus::Succeeded | StepStatus::Skipped)) {
            return Ok(());
        }
        self.begin(hop).await?;
        let Some(transformation) = self.lake.transformations.current(&self.run.dataset).await?
        else {
            self.end(hop, StepStatus::Skipped);
            self.update(hop, |step| step.note = Some("no transformation is set".to_owned()));
            return Ok(());
        };
        let touched = self.days_to_build().await?;
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
        self.stop_if_cancelled()?;
        self.update(hop, |step| {
            step.status = StepStatus::Committing;
            step.counts = prepared.counts;
            step.partitions.clone_from(&prepared.partitions);
            step.definition_version = Some(transformation.version);
            step.note.clone_from(&prepared.note);
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
        self.end(Hop::ConformedToPurposeBuilt, StepStatus::Succeeded);
        Ok(())
    }

    /// Takes partitions out of the catalog before their last file goes.
    async fn take_out_of_catalog(&self, shape: &TableShape, emptied: &[Partition]) -> Result<()> {
        if emptied.is_empty() {
            return Ok(());
        }
        self.check_claim().await?;
        self.lake.catalog.delete_partitions(&shape.name, emptied).await
    }

    /// Stops a worker that hung past its lease right before it would touch the catalog, which
    /// knows no fencing token.
    async fn check_claim(&self) -> Result<()> {
        self.lake.ledger.checkpoint(self.claim, &self.run, None).await
    }

    /// Deletes what earlier attempts at a hop staged that now begins anew. Should the worker of one
    /// of them only hang, it finds nothing to put in place any more. Files of later attempts stay.
    async fn discard_stale(&self, hop: Hop) -> Result<()> {
        for fence in 1..self.claim.fence {
            discard(self.zone_of(hop), &staging_folder(self.run.id, hop, fence)).await?;
        }
        Ok(())
    }

    /// Deletes what this attempt staged and will not commit, so that a full disk does not stay
    /// full. What cannot be deleted now is left to the clean-up.
    async fn discard_own(&self, hop: Hop) {
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

    /// Brings the catalog to what the data is now: `partitions` are there, others of `touched` not.
    async fn enter_in_catalog(
        &self,
        shape: &TableShape,
        partitions: &[CatalogPartition],
        touched: &[Partition],
    ) -> Result<()> {
        let catalog = &self.lake.catalog;
        ensure_table(catalog.as_ref(), shape).await?;
        catalog.put_partitions(&shape.name, partitions).await?;
        let there: BTreeSet<_> = partitions.iter().map(|there| there.partition).collect();
        let gone: Vec<_> = touched.iter().copied().filter(|day| !there.contains(day)).collect();
        catalog.delete_partitions(&shape.name, &gone).await
    }

    /// Records that a hop begins, anew if it was begun before.
    async fn begin(&mut self, hop: Hop) -> Result<()> {
        self.run.steps.retain(|step| step.hop != hop);
        self.run.steps.push(Step {
            hop,
            status: StepStatus::Running,
            counts: domain::run::Counts::default(),
            partitions: Vec::new(),
            commit: None,
            definition_version: None,
            note: None,
            started_at: Timestamp::now(),
            finished_at: None,
        });
        self.run.failure = None;
        self.lake.ledger.checkpoint(self.claim, &self.run, None).await?;
        self.discard_stale(hop).await
    }

    /// How far a hop came that did not reach its commit.
    fn count_progress(&mut self, hop: Hop) {
        let progress = self.progress;
        self.update(hop, |step| {
            step.counts.rows_read = progress.rows_read.load(Ordering::Relaxed);
            step.counts.rows_rejected = progress.rows_rejected.load(Ordering::Relaxed);
        });
    }

    /// A commit that was carried out is not kept: what it did is the step's partitions and counts.
    fn end(&mut self, hop: Hop, status: StepStatus) {
        self.update(hop, |step| {
            step.status = status;
            step.commit = None;
            step.finished_at = Some(Timestamp::now());
        });
    }

    fn update(&mut self, hop: Hop, change: impl FnOnce(&mut Step)) {
        if let Some(step) = self.run.steps.iter_mut().find(|step| step.hop == hop) {
            change(step);
        }
    }

    fn status(&self, hop: Hop) -> Option<StepStatus> {
        self.run.step(hop).map(|step| step.status)
    }

    fn stop_if_cancelled(&self) -> Result<(), Stop> {
        if self.cancel.is_cancelled() { Err(Stop::Cancelled) } else { Ok(()) }
    }
}

/// Whether a run changed the conformed table, or began to, and did not build the other one from it.
fn left_unbuilt(run: &Run) -> bool {
    let status = |hop| run.step(hop).map(|step| step.status);
    let changed = [Some(StepStatus::Committing), Some(StepStatus::Succeeded)];
    changed.contains(&status(Hop::RawToConformed))
        && status(Hop::ConformedToPurposeBuilt) != Some(StepStatus::Succeeded)
}

/// While a commit is carried out the object owns its old files and its new ones: should the run end
/// in the middle, the next version of the object still finds all that it has to replace.
fn with_files_of(
    committed: &CommittedObject,
    previous: Option<&CommittedObject>,
) -> CommittedObject {
    let mut intent = committed.clone();
    for old in previous.into_iter().flat_map(|previous| &previous.files) {
        if !intent.files.iter().any(|new| new.path == old.path) {
            intent.files.push(old.clone());
        }
    }
    intent
}

fn files_of(commit: &Commit) -> Vec<CommittedFile> {
    commit
        .moves
        .iter()
        .map(|file| CommittedFile {
            path: file.target.clone(),
            partition: file.partition,
            rows: file.rows,
            bytes: file.bytes,
        })
        .collect()
}
