//! Impact: what other SQL would change in real rows.

use serde::{Deserialize, Serialize};

use super::{Sampled, VersionSummary};

/// Asks what SQL would change. Old and new SQL are run over the same sample.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ImpactRequest {
    /// The new SQL.
    pub sql: String,
    /// The version to compare with; the current one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_version: Option<u64>,
    /// Columns that tell rows apart; inferred when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<String>>,
    /// The days to sample, `YYYY-MM-DD`; the newest when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partitions: Option<Vec<String>>,
    /// Relative difference up to which two doubles count as equal; 1e-9 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
}

/// What would change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Impact {
    /// The version that was compared with.
    pub base: VersionSummary,
    /// What both were run over.
    pub sampled: Sampled,
    /// The columns that tell rows apart.
    pub keys: Vec<String>,
    /// Where they come from.
    pub key_source: KeySource,
    /// Rows by what happens to them.
    pub rows: RowImpact,
    /// Keys that stand for several rows: their rows are compared in order, so that one may be shown
    /// as changed where rows only changed places.
    pub duplicates: DuplicateKeys,
    /// Every column of either, in the order of the new SQL, removed ones last.
    pub columns: Vec<ColumnImpact>,
    /// At most twenty rows of each kind: added, removed, changed.
    pub examples: Vec<ExampleRow>,
    /// Whether nothing changes: no row, no column.
    pub same: bool,
    /// Relative difference up to which two doubles counted as equal.
    pub tolerance: f64,
    /// What it took.
    pub seconds: f64,
}

/// Where key columns come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum KeySource {
    /// The request names them.
    Given,
    /// Both versions group by them.
    GroupBy,
    /// Neither version groups; both compute them alike.
    ComputedAlike,
    /// There are none: whole rows are compared, so that none can be changed, only added
    /// and removed.
    WholeRow,
}

/// Numbers of rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RowImpact {
    /// That the old SQL returns.
    pub old: u64,
    /// That the new SQL returns.
    pub new: u64,
    /// Whose key only the new SQL returns.
    pub added: u64,
    /// Whose key only the old SQL returns.
    pub removed: u64,
    /// That both return with a difference in a column that both have.
    pub changed: u64,
    /// That both return alike.
    pub unchanged: u64,
}

/// Keys that stand for several rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct DuplicateKeys {
    /// In the old result.
    pub old: u64,
    /// In the new result.
    pub new: u64,
}

/// What happens to a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ColumnImpact {
    /// Its name.
    pub name: String,
    /// Who has it.
    pub presence: ColumnPresence,
    /// Its type in the old SQL.
    pub old_type: Option<String>,
    /// Its type in the new SQL.
    pub new_type: Option<String>,
    /// Whether it is one of the keys.
    pub key: bool,
    /// Rows that both return; 0 for columns that only one has.
    pub compared: u64,
    /// Of these, rows where it differs.
    pub differing: u64,
    /// Percentage of compared rows where it is alike; `None` where nothing was compared.
    pub match_percent: Option<f64>,
}

/// Who has a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ColumnPresence {
    /// Both.
    Both,
    /// The new SQL only.
    Added,
    /// The old SQL only.
    Removed,
}

/// What happens to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RowChange {
    /// Only the new SQL returns it.
    Added,
    /// Only the old SQL returns it.
    Removed,
    /// Both return its key, with other values.
    Changed,
}

/// A row that would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ExampleRow {
    /// How.
    pub change: RowChange,
    /// The values of the keys, in their order; `None` is NULL.
    pub key: Vec<Option<String>>,
    /// The other columns: all of an added or removed row, the differing ones of a changed row.
    pub cells: Vec<ExampleCell>,
}

/// One column of a row that would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ExampleCell {
    /// The column.
    pub column: String,
    /// Its value in the old result; `None` is NULL, or that the row is not there.
    pub old: Option<String>,
    /// Its value in the new result; `None` is NULL, or that the row is not there.
    pub new: Option<String>,
}
