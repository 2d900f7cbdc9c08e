//! Runs: the list, one run with all about it, its log.

use domain::dataset::DatasetId;
use domain::error::ErrorKind;
use domain::run::{Counts, RunId, RunStatus, StepStatus, Trigger};
use domain::zone::Hop;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::moment;

/// Which runs to list; all when empty. `status` may be repeated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "ssr", into_params(parameter_in = Query))]
pub struct RunQuery {
    /// Only of this dataset, `<source_system>/<table>`.
    pub dataset: Option<String>,
    /// Only with one of these statuses.
    pub status: Vec<RunStatus>,
    /// Only started by this.
    pub trigger: Option<Trigger>,
    /// Only started by this person; `sluice` for events and sweeps.
    pub actor: Option<String>,
    /// Only of this file in the raw zone.
    pub key: Option<String>,
    /// Only recorded at this time or later: `2026-08-05`, `2026-08-05T10:00` or with a zone; UTC
    /// when none is given.
    pub from: Option<String>,
    /// Only recorded before this time.
    pub to: Option<String>,
    /// Only runs recorded before this one: the next page.
    pub after: Option<String>,
    /// Only runs recorded after this one: the page before.
    pub newer_than: Option<String>,
    /// Runs on a page, 1 to 200; 50 when absent.
    pub limit: Option<usize>,
}

/// A run in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RunSummary {
    /// Its id; ids sort by time.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub id: RunId,
    /// Whose file it is.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub dataset: DatasetId,
    /// Key of the file in the raw zone.
    pub key: String,
    /// Size of the file in bytes.
    pub size: u64,
    /// Where it stands.
    pub status: RunStatus,
    /// What started it.
    pub trigger: Trigger,
    /// Who started it.
    pub actor: String,
    /// Attempts begun.
    pub attempt: u32,
    /// Rows that the first hop read, so far while it is running.
    pub rows_read: u64,
    /// Rows that the first hop wrote.
    pub rows_written: u64,
    /// Rows that the first hop rejected.
    pub rows_rejected: u64,
    /// Why it failed or waits, in one line.
    pub failure: Option<String>,
    /// When it was recorded.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    #[serde(deserialize_with = "moment::read")]
    pub created_at: Timestamp,
    /// When the first attempt began.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    #[serde(default, deserialize_with = "moment::read_some")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    #[serde(default, deserialize_with = "moment::read_some")]
    pub finished_at: Option<Timestamp>,
}

impl RunSummary {
    /// Seconds from the first attempt to the end; `None` before either.
    pub fn seconds(&self) -> Option<f64> {
        let (begin, end) = (self.started_at?, self.finished_at?);
        Some(end.duration_since(begin).as_secs_f64())
    }

    /// The name of the file without its folders.
    pub fn file(&self) -> &str {
        self.key.rsplit('/').next().unwrap_or(&self.key)
    }

    /// Whether it can go on from where it stopped.
    pub fn can_retry(&self) -> bool {
        matches!(self.status, RunStatus::Failed | RunStatus::Cancelled)
    }

    /// Whether there is something to cancel.
    pub fn can_cancel(&self) -> bool {
        !self.status.is_terminal()
    }

    /// Whether the same file can be run again by the current source and transformation.
    pub fn can_replay(&self) -> bool {
        self.status.is_terminal()
    }
}

/// One run with all that is known about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RunDetail {
    /// The run as in a list.
    pub run: RunSummary,
    /// Which bytes of the file: its version id or eTag.
    pub object_version: String,
    /// When the file landed.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub landed_at: Timestamp,
    /// Version of the engine that last worked on it; empty before the first attempt.
    pub engine: String,
    /// Why it did not go on.
    pub failure: Option<RunFailure>,
    /// Its hops, in order.
    pub steps: Vec<RunStep>,
    /// The version of the source that it read by.
    pub source: Option<VersionUsed>,
    /// The version of the transformation that it built by.
    pub transformation: Option<VersionUsed>,
    /// The run of which this one is a duplicate or a replay.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub original: Option<RunId>,
    /// Other runs of the same file, newest first, at most 20.
    pub same_file: Vec<RunSummary>,
}

/// Why a run did not go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RunFailure {
    /// In which hop, if in one.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub hop: Option<Hop>,
    /// The kind of error.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub kind: ErrorKind,
    /// What happened, and what to do about it.
    pub message: String,
    /// The line of the file, where the failure is about one.
    pub line: Option<u64>,
}

/// One hop of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RunStep {
    /// Which hop.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub hop: Hop,
    /// Where it stands.
    pub status: StepStatus,
    /// Rows and bytes, so far while it is running.
    pub counts: Counts,
    /// Bytes that there are to read, where known before the end.
    pub bytes_total: Option<u64>,
    /// Number of partitions that it changed.
    pub partitions: u64,
    /// The first days of those, at most 10, as `YYYY-MM-DD`.
    pub days: Vec<String>,
    /// What a person should know, for example why everything was recomputed.
    pub note: Option<String>,
    /// When the last attempt at it began.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub started_at: Timestamp,
    /// When it ended.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub finished_at: Option<Timestamp>,
}

impl RunStep {
    /// Seconds from begin to end, if it has ended.
    pub fn seconds(&self) -> Option<f64> {
        self.finished_at.map(|end| end.duration_since(self.started_at).as_secs_f64())
    }
}

/// A saved version of a source or a transformation that a run used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct VersionUsed {
    /// From 1.
    pub version: u64,
    /// Who saved it; empty when it is no longer there.
    pub author: String,
    /// When.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub saved_at: Option<Timestamp>,
    /// The SQL of a transformation.
    pub sql: Option<String>,
}

/// A run changed: sent as event `run` while a page listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RunEvent {
    /// The run.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub id: RunId,
    /// Its dataset.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub dataset: DatasetId,
    /// Where it stands now.
    pub status: RunStatus,
}
