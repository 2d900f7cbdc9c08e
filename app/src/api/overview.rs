//! The lake at a glance.

use domain::dataset::DatasetId;
use domain::run::{RunId, RunStatus};
use domain::zone::Zone;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::moment;
use super::quality::LastJudgement;
use super::runs::RunSummary;

/// What an environment holds, what happened lately, what failed, what waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Overview {
    /// The zones in the order of the flow.
    pub zones: Vec<ZoneTotals>,
    /// Runs of the last 14 days by day of recording (UTC), the oldest first, today last.
    pub days: Vec<DayRuns>,
    /// How many runs have each status; statuses that no run has are left out.
    pub statuses: Vec<StatusCount>,
    /// The last runs that failed, newest first, at most 5.
    pub failed: Vec<RunSummary>,
    /// Runs that wait for a person (HELD), one per dataset, newest first, at most 5.
    pub held: Vec<RunSummary>,
    /// Runs that wait for a worker or are under way, newest first, at most 5.
    pub open: Vec<RunSummary>,
    /// The datasets that had a run last, at most 20.
    pub datasets: Vec<DatasetState>,
    /// Tables whose quality rules were broken the last time they were checked, the last one first, at
    /// most 5.
    pub quality: Vec<QualityTrouble>,
    /// How many datasets are registered.
    pub sources: u64,
    /// Where files are dropped, when the raw zone is a folder.
    pub raw_folder: Option<String>,
}

/// A table with a broken quality rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct QualityTrouble {
    /// Its database.
    pub database: String,
    /// Its name.
    pub table: String,
    /// What came of its rules.
    pub last: LastJudgement,
}

/// What a zone holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ZoneTotals {
    /// Which zone.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub zone: Zone,
    /// Bytes; in raw of all that ever arrived.
    pub bytes: u64,
    /// Files; in raw of all that ever arrived.
    pub files: u64,
    /// Rows; unknown in raw.
    pub rows: Option<u64>,
    /// Tables; unknown in raw.
    pub tables: Option<u64>,
    /// When something last changed.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    #[serde(default, deserialize_with = "moment::read_some")]
    pub updated_at: Option<Timestamp>,
}

/// Runs recorded on one day, by how they stand now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct DayRuns {
    /// The day as `YYYY-MM-DD`.
    pub day: String,
    /// Succeeded.
    pub succeeded: u64,
    /// Failed.
    pub failed: u64,
    /// Queued, held or running.
    pub open: u64,
    /// Cancelled, duplicate or superseded.
    pub other: u64,
}

impl DayRuns {
    /// All runs of the day.
    pub fn total(&self) -> u64 {
        self.succeeded + self.failed + self.open + self.other
    }
}

/// How many runs have a status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct StatusCount {
    /// The status.
    pub status: RunStatus,
    /// How many.
    pub runs: u64,
}

/// Where a dataset stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct DatasetState {
    /// The dataset.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub dataset: DatasetId,
    /// Its last run that is no duplicate.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub last_run: RunId,
    /// Where that one stands.
    pub status: RunStatus,
    /// When it was recorded.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    #[serde(deserialize_with = "moment::read")]
    pub created_at: Timestamp,
    /// Rows written to the conformed zone by runs recorded today (UTC).
    pub rows_today: u64,
}

impl Overview {
    /// Whether nothing ever arrived.
    pub fn is_empty(&self) -> bool {
        self.statuses.is_empty()
    }
}
