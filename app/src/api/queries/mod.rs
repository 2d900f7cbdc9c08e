//! Queries: start, state, rows, estimate, comparison; saved ones and open tabs.

mod chart;

use domain::query::{QueryId, QueryState};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use chart::{Aggregate, ChartKind, ChartPoint, ChartPoints, ChartQuery};

/// A query to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct QueryText {
    /// One SELECT, WITH, VALUES or EXPLAIN over tables named as `database.table`.
    pub sql: String,
}

/// A query: what was asked, where it stands, what it took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct QueryInfo {
    /// Its id; ids sort by time.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub id: QueryId,
    /// The text.
    pub sql: String,
    /// Where it stands.
    pub state: QueryState,
    /// Who asked.
    pub by: String,
    /// The engine that computes it.
    pub engine: String,
    /// When it was asked.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub created_at: Timestamp,
    /// When it ended.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub finished_at: Option<Timestamp>,
    /// Seconds that it waited for a free slot.
    pub queue_seconds: f64,
    /// Seconds that it was computed.
    pub run_seconds: f64,
    /// Rows that can be looked at, so far while it is running.
    pub rows: u64,
    /// Whether the query has more rows than these.
    pub has_more: bool,
    /// What is missing, in words.
    pub remark: Option<String>,
    /// Files that it reads.
    pub files: u64,
    /// Bytes of those files.
    pub bytes_scanned: u64,
    /// Partitions that it reads.
    pub partitions: u64,
    /// What Athena would ask for it, in USD: an estimate from the bytes of the files.
    pub estimated_usd: f64,
    /// Why it failed or was stopped.
    pub error: Option<String>,
    /// Whether its rows are still kept.
    pub has_result: bool,
}

/// Which queries to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "ssr", into_params(parameter_in = Query))]
pub struct HistoryQuery {
    /// Only with this in their text.
    pub search: Option<String>,
    /// Queries of everybody, which admins may see. Their rows stay their owners'.
    pub everybody: Option<bool>,
    /// Only queries before this one: the next page.
    pub after: Option<String>,
    /// Queries on a page, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

/// Which rows of a result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "ssr", into_params(parameter_in = Query))]
pub struct RowsQuery {
    /// The first row, counted from 0 after sorting and filtering.
    pub offset: Option<u64>,
    /// How many, 1 to 1,000; 200 when absent.
    pub limit: Option<u32>,
    /// The column to sort by, counted from 0; `-3` sorts column 3 downwards, `-0` column 0.
    pub sort: Option<String>,
    /// A JSON object from column (counted from 0) to a condition: text that the cell holds, or
    /// `= x`, `!= x`, `> x`, `>= x`, `< x`, `<= x`, `null`, `not null`.
    pub filter: Option<String>,
    /// Whole cells; otherwise long ones are cut.
    pub whole: Option<bool>,
}

/// How a column's cells are shown and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CellKind {
    /// A number.
    Number,
    /// A day or a point in time.
    Time,
    /// True or false.
    Boolean,
    /// Text.
    Text,
    /// Lists and structures, as text.
    Nested,
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ResultColumn {
    /// Its name; not always unique.
    pub name: String,
    /// Its type, in the words of the catalog where it has them.
    #[serde(rename = "type")]
    pub data_type: String,
    /// How its cells are shown.
    pub kind: CellKind,
}

/// Some rows of a result.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ResultRows {
    /// The columns.
    pub columns: Vec<ResultColumn>,
    /// Cells as text; null stands for no value.
    pub rows: Vec<Vec<Option<String>>>,
    /// Number of the first of them, after sorting and filtering.
    pub offset: u64,
    /// Rows after filtering.
    pub total: u64,
    /// Rows that are kept of the result, so far while it is running.
    pub kept: u64,
    /// Cells that were cut, as (row in `rows`, column).
    pub cut: Vec<(u32, u32)>,
}

/// What a query would read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct EstimateAnswer {
    /// Files.
    pub files: u64,
    /// Bytes of those files.
    pub bytes: u64,
    /// Partitions left after pruning.
    pub partitions: u64,
    /// Partitions that the tables have.
    pub partitions_total: u64,
    /// What Athena would ask, in USD.
    pub estimated_usd: f64,
    /// Each table.
    pub tables: Vec<TableReads>,
    /// What to think of before running it.
    pub warning: Option<String>,
    /// The query with a filter on partitions.
    pub rewrite: Option<FilteredQuery>,
}

/// What a query would read of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TableReads {
    /// `database.table`.
    pub table: String,
    /// Partitions left after pruning.
    pub partitions: u64,
    /// Partitions that it has.
    pub partitions_total: u64,
    /// Files.
    pub files: u64,
    /// Bytes of those files.
    pub bytes: u64,
}

/// A query with a filter on partitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct FilteredQuery {
    /// What was added.
    pub condition: String,
    /// The whole query with it.
    pub sql: String,
}

/// Which columns tell rows apart when results are compared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "ssr", into_params(parameter_in = Query))]
pub struct CompareQuery {
    /// Names of columns, separated by commas; found by itself when absent.
    pub key: Option<String>,
}

/// What sets one result apart from an earlier one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ResultComparison {
    /// The columns that tell rows apart; empty when whole rows were compared.
    pub key: Vec<String>,
    /// Columns of both results.
    pub columns: Vec<String>,
    /// Columns of the later one only.
    pub columns_added: Vec<String>,
    /// Columns of the earlier one only.
    pub columns_removed: Vec<String>,
    /// Rows of the later one only.
    pub added: u64,
    /// Rows of the earlier one only.
    pub removed: u64,
    /// Rows of both with other values.
    pub changed: u64,
    /// Rows of both with the same values.
    pub same: u64,
    /// For each of `columns`, in how many rows it changed.
    pub changed_cells: Vec<u64>,
    /// The first rows that differ.
    pub examples: Vec<DifferentRow>,
    /// What bounds the comparison, if something does.
    pub remark: Option<String>,
}

/// A row that differs: before, after, or both. Cells in the order of the compared columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct DifferentRow {
    /// The row of the earlier result; absent when it was added.
    pub before: Option<Vec<Option<String>>>,
    /// The row of the later result; absent when it was removed.
    pub after: Option<Vec<Option<String>>>,
}

/// The kind of file to export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// RFC 4180 with a header; cells that a spreadsheet would compute are defused.
    Csv,
    /// Parquet with the result's types.
    Parquet,
    /// One list of objects.
    Json,
    /// An Excel workbook.
    Xlsx,
}

/// What to export, and as what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "ssr", into_params(parameter_in = Query))]
pub struct ExportQuery {
    /// The kind of file.
    #[cfg_attr(feature = "ssr", param(inline))]
    pub format: ExportFormat,
    /// Sorted as in [`RowsQuery`]; as the query returned them when absent.
    pub sort: Option<String>,
    /// Only rows that fit, as in [`RowsQuery`]; all when absent.
    pub filter: Option<String>,
}

/// What somebody saves of a query.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SavedQueryText {
    /// What it is called.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// The text.
    pub sql: String,
    /// Whether everybody who may run queries in the environment sees it.
    #[serde(default)]
    pub is_shared: bool,
    /// The version that was read; a save of another is refused. 0 for a new one.
    #[serde(default)]
    pub expected_version: u64,
}

/// A saved query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SavedQuery {
    /// Its id, for links.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The text.
    pub sql: String,
    /// Whether everybody who may run queries in the environment sees it.
    pub is_shared: bool,
    /// Whose it is.
    pub owner: String,
    /// Whether the reader may change it.
    pub is_mine: bool,
    /// Counts changes.
    pub version: u64,
    /// When it was changed last.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub changed_at: Timestamp,
}

/// The tabs that somebody has open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct QueryTabs {
    /// From left to right.
    pub tabs: Vec<QueryTab>,
    /// Which one is shown, counted from 0.
    pub selected: u32,
}

/// One open tab.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct QueryTab {
    /// Tells it from the others.
    pub id: u32,
    /// What it is called.
    pub title: String,
    /// The text in its editor.
    pub sql: String,
    /// The query that it ran last.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub query: Option<QueryId>,
    /// The saved query that it shows.
    pub saved: Option<String>,
}
