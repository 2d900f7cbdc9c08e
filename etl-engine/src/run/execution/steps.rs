//! The steps of a run as they are recorded.

use std::sync::atomic::Ordering;

use domain::Result;
use domain::run::{Counts, Step, StepStatus};
use domain::zone::Hop;
use jiff::Timestamp;

use super::Execution;
use crate::run::Stop;

impl Execution<'_> {
    /// Records that a hop begins, anew if it was begun before.
    pub(super) async fn begin(&mut self, hop: Hop) -> Result<()> {
        self.run.steps.retain(|step| step.hop != hop);
        self.run.steps.push(Step {
            hop,
            status: StepStatus::Running,
            counts: Counts::default(),
            partitions: Vec::new(),
            commit: None,
            definition_version: None,
            note: None,
            started_at: Timestamp::now(),
            finished_at: None,
        });
        self.run.failure = None;
        self.progress.begin(hop);
        self.lake.ledger.checkpoint(self.claim, &self.run, None).await?;
        self.discard_stale(hop).await
    }

    /// How far a hop came that did not reach its commit.
    pub(super) fn count_progress(&mut self, hop: Hop) {
        let progress = self.progress;
        progress.end();
        self.update(hop, |step| {
            step.counts.rows_read = progress.rows_read.load(Ordering::Relaxed);
            step.counts.rows_rejected = progress.rows_rejected.load(Ordering::Relaxed);
        });
    }

    /// A commit that was carried out is not kept: what it did is the step's partitions and counts.
    pub(super) fn end(&mut self, hop: Hop, status: StepStatus) {
        self.update(hop, |step| {
            step.status = status;
            step.commit = None;
            step.finished_at = Some(Timestamp::now());
        });
    }

    /// Writes the commit of a hop down in the run, to be stored, and says what it comes to.
    pub(super) fn begin_commit(&mut self, hop: Hop, change: impl FnOnce(&mut Step)) {
        self.progress.end();
        self.update(hop, change);
        self.update(hop, |step| step.status = StepStatus::Committing);
        let Some(step) = self.run.step(hop) else { return };
        if let Some(note) = &step.note {
            self.log.warning(Some(hop), note);
        }
        let counts = step.counts;
        let commit = step.commit.as_ref();
        self.log.info(
            Some(hop),
            format!(
                "{} rows read, {} written, {} rejected; commits {} files with {} bytes in {} \
                 partitions, takes {} files away",
                counts.rows_read,
                counts.rows_written,
                counts.rows_rejected,
                commit.map_or(0, |commit| commit.moves.len()),
                counts.bytes_written,
                step.partitions.len(),
                commit.map_or(0, |commit| commit.removals.len()),
            ),
        );
    }

    pub(super) fn update(&mut self, hop: Hop, change: impl FnOnce(&mut Step)) {
        if let Some(step) = self.run.steps.iter_mut().find(|step| step.hop == hop) {
            change(step);
        }
    }

    pub(super) fn status(&self, hop: Hop) -> Option<StepStatus> {
        self.run.step(hop).map(|step| step.status)
    }

    pub(super) fn stop_if_cancelled(&self) -> Result<(), Stop> {
        if self.cancel.is_cancelled() { Err(Stop::Cancelled) } else { Ok(()) }
    }
}
