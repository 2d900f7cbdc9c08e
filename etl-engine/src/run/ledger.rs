//! The run ledger port: every run, step, count and actor, and who may work on what.
//!
//! Architecture invariant: the ledger row exists before any work and always ends terminal. A state
//! change and what it enqueues are one transaction: the run row *is* the job, and [`finish`]
//! fills the outbox in the same transaction.
//!
//! [`finish`]: RunLedger::finish

use async_trait::async_trait;
use domain::Result;
use domain::arrival::Arrival;
use domain::dataset::DatasetId;
use domain::notification::Notification;
use domain::run::{CommittedObject, Counts, Run, RunId, RunStatus, Trigger};
use domain::zone::Hop;
use jiff::{SignedDuration, Timestamp};

/// A run to record.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// The file.
    pub arrival: Arrival,
    /// Whose file it is.
    pub dataset: DatasetId,
    /// What started it. [`Trigger::Replay`] is never a duplicate.
    pub trigger: Trigger,
    /// Who started it.
    pub actor: String,
    /// Why it must wait for a person; `None` queues it.
    pub held: Option<String>,
    /// The run that a replay repeats.
    pub original: Option<RunId>,
}

/// What recording an arrival did.
#[derive(Debug, Clone, PartialEq)]
pub enum Recorded {
    /// A run was queued or held.
    New(Run),
    /// The arrival was known; a run with status DUPLICATE that names the original was recorded.
    Duplicate(Run),
}

impl Recorded {
    /// The recorded run, new or duplicate.
    pub fn run(&self) -> &Run {
        match self {
            Self::New(run) | Self::Duplicate(run) => run,
        }
    }
}

/// Who asks for work, and on what terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRequest {
    /// Name of the worker, for people.
    pub worker: String,
    /// How long the claim holds without a heartbeat.
    pub lease: SignedDuration,
    /// A run whose attempts reached this many without an end is failed instead of claimed.
    pub max_attempts: u32,
}

/// The right to work on a run. Every write under it names the fencing token; a later claim of the
/// same run has a higher one and makes this one void.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The run, status RUNNING, attempt counted.
    pub run: Run,
    /// The fencing token.
    pub fence: i64,
}

/// What a heartbeat learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heartbeat {
    /// Go on.
    Held,
    /// Somebody asked to cancel; stop before the next commit.
    CancelRequested,
}

/// What a person asks of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunCommand {
    /// Go on from the failed step: FAILED or CANCELLED becomes QUEUED with attempts counted anew.
    Retry,
    /// QUEUED or HELD becomes CANCELLED at once; RUNNING is asked to stop.
    Cancel,
}

/// Rows and bytes of a step that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoFar {
    /// Which step.
    pub hop: Hop,
    /// How far it is.
    pub counts: Counts,
}

/// Which runs to list. Empty means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Only of this dataset.
    pub dataset: Option<DatasetId>,
    /// Only with one of these statuses.
    pub statuses: Vec<RunStatus>,
    /// Only of this raw object key.
    pub key: Option<String>,
    /// Only started by this.
    pub trigger: Option<Trigger>,
    /// Only started by this person or process.
    pub actor: Option<String>,
    /// Only recorded at this moment or later.
    pub from: Option<Timestamp>,
    /// Only recorded before this moment.
    pub to: Option<Timestamp>,
    /// Only runs recorded before this one, for the next page.
    pub before: Option<RunId>,
    /// Only runs recorded after this one, those nearest to it, for the page before.
    pub after: Option<RunId>,
    /// At most so many.
    pub limit: usize,
}

/// The run ledger of one environment. `now` is given by the caller so that time can be tested; all
/// writers must have clocks within a fraction of the lease of each other.
#[async_trait]
pub trait RunLedger: Send + Sync + std::fmt::Debug {
    /// Records an arrival before any work on it. Of two equal arrivals (bucket, key, version) the
    /// second becomes DUPLICATE, however close in time they come.
    async fn record(&self, new: &NewRun, now: Timestamp) -> Result<Recorded>;

    /// Of the given arrivals, those that no run was ever recorded for.
    async fn unknown(&self, arrivals: Vec<Arrival>) -> Result<Vec<Arrival>>;

    /// Claims the oldest run that may be worked on: QUEUED and due, or RUNNING with a lease that ran
    /// out. Per dataset one run at a time, in the order of recording, so a run waits while an
    /// earlier one of its dataset is QUEUED or RUNNING. A run whose attempts are used up is set to
    /// FAILED (with notification) on the way.
    async fn claim(&self, request: &ClaimRequest, now: Timestamp) -> Result<Option<Claim>>;

    /// Prolongs the lease and stores how far a RUNNING step is; what is known of other steps is
    /// exact and stays. [`domain::ErrorKind::Conflict`] when the claim is void.
    async fn heartbeat(
        &self,
        claim: &Claim,
        until: Timestamp,
        so_far: Option<SoFar>,
    ) -> Result<Heartbeat>;

    /// Stores `run` as it is (status RUNNING), and what its object now has in the conformed zone.
    /// [`domain::ErrorKind::Conflict`] when the claim is void; then nothing is stored.
    async fn checkpoint(
        &self,
        claim: &Claim,
        run: &Run,
        committed: Option<&CommittedObject>,
    ) -> Result<()>;

    /// Stores `run` with its terminal status, ends the claim, puts `notification` into the outbox:
    /// all or nothing. [`domain::ErrorKind::Conflict`] when the claim is void.
    async fn finish(&self, claim: &Claim, run: &Run, notification: &Notification) -> Result<()>;

    /// Gives the run back as QUEUED, due at `due`. `count_attempt` false un-counts the attempt (a
    /// worker that shuts down is no fault of the run).
    async fn release(
        &self,
        claim: &Claim,
        run: &Run,
        due: Timestamp,
        count_attempt: bool,
    ) -> Result<()>;

    /// One run.
    async fn run(&self, id: RunId) -> Result<Option<Run>>;

    /// Runs, newest first.
    async fn list(&self, filter: &RunFilter) -> Result<Vec<Run>>;

    /// Carries out what a person asks. [`domain::ErrorKind::Conflict`] when the status does not
    /// allow it. Returns the run afterwards.
    async fn command(&self, id: RunId, command: RunCommand, now: Timestamp) -> Result<Run>;

    /// Queues all HELD runs of a dataset, now that it is registered. Returns how many.
    async fn release_held(&self, dataset: &DatasetId, now: Timestamp) -> Result<u64>;
}
