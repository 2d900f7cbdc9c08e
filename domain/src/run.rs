//! Runs: one arrival going through the hops, and the record of it.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::arrival::{Arrival, ObjectVersion, Sequencer};
use crate::dataset::DatasetId;
use crate::environment::EnvironmentName;
use crate::error::ErrorKind;
use crate::partition::Partition;
use crate::zone::Hop;
use crate::{Error, Result};

/// Identifies a run; a UUIDv7, so that ids sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(Uuid);

impl RunId {
    /// A new id, later than all made before it on this machine.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }

    /// The least id that a run recorded at `at` or later can have, to the millisecond: ids sort by
    /// time, so that it bounds a period.
    pub fn earliest(at: Timestamp) -> Self {
        let millis = u64::try_from(at.as_millisecond()).unwrap_or_default();
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid())
    }

    /// When it was made, to the millisecond; `None` for an id that no run of Sluice has.
    pub fn made_at(self) -> Option<Timestamp> {
        let (seconds, nanoseconds) = self.0.get_timestamp()?.to_unix();
        let seconds = i64::try_from(seconds).ok()?;
        Timestamp::new(seconds, i32::try_from(nanoseconds).ok()?).ok()
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.hyphenated())
    }
}

impl FromStr for RunId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Uuid::parse_str(text).map(Self).map_err(|_| {
            Error::invalid(format!("{text:?} is no run id: copy one from `sluice runs list`"))
        })
    }
}

impl TryFrom<String> for RunId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.to_string()
    }
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RunStatus {
    /// Waits for a worker, or for its next attempt.
    Queued,
    /// A worker holds its lease.
    Running,
    /// Waits for a person: its dataset is not registered.
    Held,
    /// Every hop is committed.
    Succeeded,
    /// It ended without all hops; see the failure.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
    /// The same arrival was recorded before.
    Duplicate,
    /// A newer version of the same key came first.
    Superseded,
}

impl RunStatus {
    /// All statuses.
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Running,
        Self::Held,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::Duplicate,
        Self::Superseded,
    ];

    /// Whether nothing more happens unless somebody asks.
    pub fn is_terminal(self) -> bool {
        !matches!(self, Self::Queued | Self::Running | Self::Held)
    }

    /// The name used in the ledger and in filters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Running => "RUNNING",
            Self::Held => "HELD",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
            Self::Duplicate => "DUPLICATE",
            Self::Superseded => "SUPERSEDED",
        }
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RunStatus {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(text)).ok_or_else(
            || {
                let names = Self::ALL.map(Self::as_str).join(", ");
                Error::invalid(format!("run status {text:?} is not known: use one of {names}"))
            },
        )
    }
}

/// What started a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// An event or the folder watch told of the object.
    Event,
    /// The sweep of the raw zone found an object that no event told of.
    Sweep,
    /// Somebody landed the object through Sluice.
    Landing,
    /// Somebody asked to run an earlier arrival again.
    Replay,
}

impl Trigger {
    /// All triggers.
    pub const ALL: [Self; 4] = [Self::Event, Self::Sweep, Self::Landing, Self::Replay];

    /// The name used in the ledger and in filters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Sweep => "sweep",
            Self::Landing => "landing",
            Self::Replay => "replay",
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Trigger {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|trigger| trigger.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            Error::invalid(format!("trigger {text:?} is not known: use one of {names}"))
        })
    }
}

/// One arrival going through the hops.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Where it runs.
    pub environment: EnvironmentName,
    /// Whose file it is.
    pub dataset: DatasetId,
    /// The file.
    pub arrival: Arrival,
    /// What started it.
    pub trigger: Trigger,
    /// Who started it; `sluice` for events and sweeps.
    pub actor: String,
    /// Where it stands.
    pub status: RunStatus,
    /// Attempts begun, from 1 when first claimed.
    pub attempt: u32,
    /// Why it failed, is held or was superseded.
    pub failure: Option<Failure>,
    /// The run of which this one is a duplicate or replay.
    pub original: Option<RunId>,
    /// One entry per hop that was begun, in order.
    pub steps: Vec<Step>,
    /// Version of the engine that last worked on it.
    pub engine: String,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When the first attempt began.
    pub started_at: Option<Timestamp>,
    /// When it became terminal.
    pub finished_at: Option<Timestamp>,
}

impl Run {
    /// The step of a hop, once begun.
    pub fn step(&self, hop: Hop) -> Option<&Step> {
        self.steps.iter().find(|step| step.hop == hop)
    }
}

/// Why a run did not go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// In which hop, if in one.
    pub hop: Option<Hop>,
    /// The kind of error.
    pub kind: ErrorKind,
    /// What, where, and what to do next.
    pub message: String,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StepStatus {
    /// Begun.
    Running,
    /// All is staged and the commit is written down; it will be carried out, whoever does it.
    Committing,
    /// Committed, catalog included.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// There was nothing to do; the note says why.
    Skipped,
}

/// One hop of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Which hop.
    pub hop: Hop,
    /// Where it stands.
    pub status: StepStatus,
    /// Rows and bytes.
    pub counts: Counts,
    /// Partitions it changed.
    pub partitions: Vec<Partition>,
    /// The commit, written down before it is carried out.
    pub commit: Option<Commit>,
    /// Version of the source (first hop) or transformation (second hop) that it used.
    pub definition_version: Option<u64>,
    /// What a person should know, for example why everything was recomputed.
    pub note: Option<String>,
    /// When the last attempt at it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

impl Step {
    /// Seconds from begin to end, if it has ended.
    pub fn seconds(&self) -> Option<f64> {
        self.finished_at.map(|end| end.duration_since(self.started_at).as_secs_f64())
    }
}

/// Rows and bytes of a step. For the first hop, read = written + rejected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Counts {
    /// Rows read.
    pub rows_read: u64,
    /// Rows written.
    pub rows_written: u64,
    /// Rows rejected.
    pub rows_rejected: u64,
    /// Bytes read, as stored.
    pub bytes_read: u64,
    /// Bytes written.
    pub bytes_written: u64,
}

/// A commit as data: carrying it out makes no choices and may be repeated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Staged files and where they go.
    pub moves: Vec<StagedFile>,
    /// Files that the commit takes out of the table.
    pub removals: Vec<RemovedFile>,
}

/// A staged file and where it goes. Paths are relative to the zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagedFile {
    /// Where it waits.
    pub staged: String,
    /// Its place in the table.
    pub target: String,
    /// Its partition.
    pub partition: Partition,
    /// Rows in it.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
}

/// A file that a commit takes out of the table, if it is still the one that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedFile {
    /// Its place in the table, relative to the zone.
    pub path: String,
    /// Its partition.
    pub partition: Partition,
    /// The version or, where none are kept, the eTag that was seen.
    pub e_tag: Option<String>,
}

/// What a raw object last put into the conformed zone: where its own rows are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommittedObject {
    /// Key of the raw object.
    pub key: String,
    /// Which version of it.
    pub version: ObjectVersion,
    /// Order of that version.
    pub sequencer: Sequencer,
    /// The day on which the key first arrived, by the source's rule at that time. A re-delivery
    /// keeps it.
    pub ingest_date: Option<Partition>,
    /// The files it owns.
    pub files: Vec<CommittedFile>,
    /// The run that committed it.
    pub run: RunId,
}

/// A file in a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommittedFile {
    /// Its place, relative to the zone.
    pub path: String,
    /// Its partition.
    pub partition: Partition,
    /// Rows in it.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_read_back_as_they_are_written() {
        for status in RunStatus::ALL {
            assert_eq!(status.as_str().parse::<RunStatus>().unwrap(), status);
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        for trigger in Trigger::ALL {
            assert_eq!(trigger.as_str().parse::<Trigger>().unwrap(), trigger);
            assert_eq!(serde_json::to_value(trigger).unwrap(), trigger.as_str());
        }
    }

    #[test]
    fn the_earliest_id_of_a_moment_bounds_what_was_recorded_from_then_on() {
        let id = RunId::generate();
        let at = id.made_at().unwrap();
        assert!(RunId::earliest(at) <= id);
        assert_eq!(RunId::earliest(at).made_at(), Some(at));
        assert!(RunId::earliest(at + jiff::SignedDuration::from_millis(1)) > id);
    }
}
