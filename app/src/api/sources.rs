//! Sources: list, detail, registration, and what a dataset was over time.

use domain::dataset::DatasetId;
use domain::run::{RunId, RunStatus};
use domain::source::Source;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Which sources to list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct SourceQuery {
    /// Only those whose dataset, owner or description holds this text.
    pub search: Option<String>,
    /// Continue behind this dataset, the `next` of the page before.
    pub after: Option<String>,
    /// At most so many, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

/// A source in the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SourceSummary {
    /// Which dataset.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub dataset: DatasetId,
    /// Who answers for it.
    pub owner: String,
    /// For people.
    pub description: Option<String>,
    /// `csv`, `json_lines` or `parquet`.
    pub format: String,
    /// Number of pinned columns.
    pub columns: u64,
    /// Current version.
    pub version: u64,
    /// Rows and bytes in its conformed table.
    pub size: TableSize,
    /// Its newest run.
    pub last_run: Option<LastRun>,
    /// When a run last succeeded.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub fresh_at: Option<Timestamp>,
}

/// How much a table holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TableSize {
    /// Rows.
    pub rows: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Days.
    pub partitions: u64,
}

/// The newest run of a dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct LastRun {
    /// Which run.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub id: RunId,
    /// Where it stands.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub status: RunStatus,
    /// When its file landed.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub landed_at: Timestamp,
}

/// A source with its versions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SourceDetail {
    /// All versions, newest first.
    pub versions: Vec<SavedSource>,
    /// Name of its conformed table.
    pub conformed_table: String,
    /// Name of its purpose-built table.
    pub purpose_built_table: String,
    /// What the conformed table holds.
    pub size: TableSize,
    /// Its newest run.
    pub last_run: Option<LastRun>,
    /// When a run last succeeded.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub fresh_at: Option<Timestamp>,
}

/// One version of a registration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SavedSource {
    /// From 1.
    pub version: u64,
    /// Who saved it.
    pub author: String,
    /// When.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub saved_at: Timestamp,
    /// The registration.
    pub source: Source,
}

/// A source to save.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SourceRegistration {
    /// The registration.
    pub source: Source,
    /// The version that it was made from; 0 registers a dataset for the first time. Another version
    /// saved meanwhile makes it a conflict.
    pub expected_version: u64,
}

/// What saving a source did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SourceRegistered {
    /// The version that was saved.
    pub version: u64,
    /// Held runs of the dataset that are queued now.
    pub released_runs: u64,
    /// What a person should know.
    pub remarks: Vec<String>,
}

/// A page of arrivals.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct ArrivalQuery {
    /// Continue behind this run, the `next` of the page before.
    pub after: Option<String>,
    /// At most so many, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

/// An arrival of a dataset, with the run that it became.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct DatasetArrival {
    /// Its run.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub run: RunId,
    /// Which dataset.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub dataset: DatasetId,
    /// Key of the raw object.
    pub key: String,
    /// Its bytes.
    pub size: u64,
    /// When it landed.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub landed_at: Timestamp,
    /// Where its run stands.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub status: RunStatus,
    /// Rows that the run wrote to the conformed zone, once it did.
    pub rows_written: Option<u64>,
    /// Rows that it rejected.
    pub rows_rejected: Option<u64>,
}

/// Which year of a dataset.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct CalendarQuery {
    /// The newest with rows when absent.
    pub year: Option<i16>,
}

/// A year of a dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct PartitionCalendar {
    /// Which year.
    pub year: i16,
    /// Years with data or failures, ascending.
    pub years: Vec<i16>,
    /// Days with data or failures, in order.
    pub days: Vec<PartitionDay>,
}

/// A day of a dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct PartitionDay {
    /// `YYYY-MM-DD`.
    pub day: String,
    /// Rows in the conformed table.
    pub rows: u64,
    /// Bytes of its files.
    pub bytes: u64,
    /// Number of its files.
    pub files: u64,
    /// Runs that failed and that no later run of the same file made good.
    pub failures: u64,
    /// The newest of them.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub failed_run: Option<RunId>,
}

/// Rows of one run that succeeded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RowsOfRun {
    /// Which run.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub run: RunId,
    /// The file.
    pub key: String,
    /// When it ended.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub finished_at: Option<Timestamp>,
    /// Rows written to the conformed zone.
    pub rows_written: u64,
    /// Rows rejected.
    pub rows_rejected: u64,
    /// Why the number of rows is out of the ordinary, if it is.
    pub outlier: Option<String>,
}
