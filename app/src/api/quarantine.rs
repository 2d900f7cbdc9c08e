//! The quarantine: runs that rejected rows, the rows, trials of an edited source, replays.

use domain::dataset::DatasetId;
use domain::rejected::RejectReason;
use domain::run::{RunId, RunStatus};
use domain::source::Source;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Page;

/// What the quarantine holds: all datasets with rejected rows, and one page of runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Quarantine {
    /// Datasets with rejected rows, the most recent first.
    pub datasets: Vec<RejectingDataset>,
    /// Runs with rejected rows, newest first.
    pub runs: Page<RejectingRun>,
}

/// A dataset with rejected rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RejectingDataset {
    /// The dataset.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub dataset: DatasetId,
    /// Runs that rejected rows.
    pub runs: u64,
    /// Rows that those runs read.
    pub rows_read: u64,
    /// Rows that they rejected.
    pub rows_rejected: u64,
}

/// A run that rejected rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RejectingRun {
    /// The run.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub id: RunId,
    /// Its dataset.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub dataset: DatasetId,
    /// Key of the raw object.
    pub key: String,
    /// Where it stands.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub status: RunStatus,
    /// Who started it.
    pub actor: String,
    /// Rows it read.
    pub rows_read: u64,
    /// Rows it rejected.
    pub rows_rejected: u64,
    /// When it was recorded.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub created_at: Timestamp,
    /// The newest later run of the same object, if there is one.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub newer: Option<RunId>,
    /// Its most frequent kinds of rejected rows; none when the rows were not kept.
    pub kinds: Vec<Kind>,
}

/// Rejected rows of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Kind {
    /// Why they were rejected.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub reason: RejectReason,
    /// The column that did not fit, where one can be named.
    pub column: Option<String>,
    /// How many.
    pub rows: u64,
}

/// The quarantine of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RunQuarantine {
    /// The run, with up to 200 kinds.
    pub run: RejectingRun,
    /// Rows that were kept; fewer than were rejected when the source's policy is not to keep them.
    pub rows_kept: u64,
    /// The source as it is now; absent when the dataset is not registered any more.
    pub source: Option<CurrentSource>,
}

/// A source and its version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct CurrentSource {
    /// The version, from 1.
    pub version: u64,
    /// The registration.
    #[cfg_attr(feature = "ssr", schema(value_type = Object))]
    pub source: Source,
}

/// Some of a run's rejected rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RejectedRows {
    /// Rows that the filter allows, on all pages together.
    pub matching: u64,
    /// How many of them come before this page.
    pub offset: u64,
    /// The rows of this page, in file order.
    pub rows: Page<RejectedText>,
}

/// A rejected row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RejectedText {
    /// Line of the file on which the record starts (row number for Parquet).
    pub line: u64,
    /// The column that did not fit, where one can be named.
    pub column: Option<String>,
    /// Why, in a fixed set of words.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub reason: RejectReason,
    /// Why, in a sentence.
    pub detail: String,
    /// The record as it stands in the file.
    pub raw: MarkedText,
}

/// Raw text in three parts, the middle one being what did not fit. Where that is not known, all of
/// the text is `before` and `value` is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct MarkedText {
    /// What stands before the value.
    pub before: String,
    /// The value; empty where one is missing.
    pub value: Option<String>,
    /// What stands after the value.
    pub after: String,
    /// Whether more text stands in the file than is shown here.
    pub cut: bool,
}

/// An edited source to try.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TrialRequest {
    /// The runs whose rejected rows are tried; all of one dataset.
    #[cfg_attr(feature = "ssr", schema(value_type = Vec<String>))]
    pub runs: Vec<RunId>,
    /// The edited source.
    #[cfg_attr(feature = "ssr", schema(value_type = Object))]
    pub source: Source,
    /// Only rows rejected for this reason.
    #[serde(default)]
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub reason: Option<RejectReason>,
    /// Only rows in which this column did not fit; empty: those in which none can be named.
    #[serde(default)]
    pub column: Option<String>,
}

/// What became of the tried rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TrialOutcome {
    /// Rows that were tried.
    pub tried: u64,
    /// Those that would be written now.
    pub passing: u64,
    /// Those that would be no row any more: a comment, or blank.
    pub no_rows: u64,
    /// Rows that cannot be tried, because only the beginning of their text was kept.
    pub cut: u64,
    /// Rows that were not tried: past the bounds of a trial, or of a run with a problem.
    pub left_out: u64,
    /// Those that would still be rejected, by kind, the most frequent first.
    pub failing: Vec<Kind>,
    /// The first rows that would still be rejected, with what is wrong now.
    pub still_rejected: Vec<RejectedText>,
    /// The first rows that would pass.
    pub now_passing: Vec<PassingRow>,
    /// What is wrong with the files of runs as a whole.
    pub problems: Vec<String>,
    /// What replays would do, where that is known.
    pub verdicts: Vec<ReplayVerdict>,
}

/// A row that would pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct PassingRow {
    /// Its line in the file.
    pub line: u64,
    /// The record as it stands in the file.
    pub raw: String,
    /// Its values, one for each column of the edited source; empty for Parquet files.
    pub values: Vec<Option<String>>,
}

/// What a replay of one run would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ReplayVerdict {
    /// The run.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub run: RunId,
    /// Rows that it would read.
    pub rows_read: u64,
    /// Rows that it would reject.
    pub rejected: u64,
    /// Whether the source's policy for rows that do not fit lets it be committed.
    pub commits: bool,
}

/// Runs to replay, and what to save before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ReplayRequest {
    /// The runs; all of one dataset.
    #[cfg_attr(feature = "ssr", schema(value_type = Vec<String>))]
    pub runs: Vec<RunId>,
    /// A source to save first, with the version that it was made from. It needs the permission
    /// `edit_sources` too.
    #[serde(default)]
    pub save: Option<CurrentSource>,
}

/// What was started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Replays {
    /// The version of the source that was saved.
    pub version: Option<u64>,
    /// The new runs, in the order of those they replay.
    #[cfg_attr(feature = "ssr", schema(value_type = Vec<String>))]
    pub runs: Vec<RunId>,
}
