//! The first hop of a run: prepare, write the commit down, carry it out, enter it in the catalog.

use domain::Error;
use domain::run::{Commit, CommittedFile, CommittedObject, StepStatus};
use domain::table::CatalogPartition;
use domain::zone::Hop;
use jiff::Timestamp;

use super::Execution;
use super::quality::joined;
use crate::catalog::TableShape;
use crate::quality::Commitment;
use crate::run::Stop;
use crate::source::SourceVersion;
use crate::table_files::{carry_out, staging_folder};
use crate::{failpoint, raw_to_conformed};

impl Execution<'_> {
    pub(super) async fn first_hop(&mut self, source: SourceVersion) -> Result<(), Stop> {
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
        self.log.info(
            Some(hop),
            format!(
                "reads {} ({} bytes) by version {} of the source",
                self.run.arrival.key, self.run.arrival.size, source.version
            ),
        );
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
        let commitment = Commitment { commit: &prepared.commit, days: &prepared.partitions };
        let warning = match self.judge(hop, &prepared.shape, commitment).await {
            Ok(warning) => warning,
            Err(stop) => {
                self.count_progress(hop);
                self.discard_own(hop).await;
                return Err(stop);
            }
        };
        failpoint::reach("raw_to_conformed.judged")?;
        self.stop_if_cancelled()?;
        self.begin_commit(hop, |step| {
            step.counts = prepared.counts;
            step.partitions.clone_from(&prepared.partitions);
            step.definition_version = Some(prepared.source_version);
            step.note = joined(prepared.note.clone(), warning);
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
        self.log.warning(
            Some(Hop::RawToConformed),
            "goes on with the commit that an earlier attempt wrote down",
        );
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
        self.log.info(
            Some(hop),
            format!("the catalog has {} with {} changed partitions", shape.name, touched.len()),
        );
        self.end(hop, StepStatus::Succeeded);
        self.lake.ledger.checkpoint(self.claim, &self.run, None).await?;
        failpoint::reach("raw_to_conformed.done")?;
        Ok(())
    }
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
