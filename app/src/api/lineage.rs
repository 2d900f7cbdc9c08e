//! Lineage: which column comes from which, over the whole lake, and what a change would break.
//!
//! | route under `/environments/{environment}` | request | answer |
//! |---|---|---|
//! | `GET lineage` | [`VersionQuery`] | [`LineageGraph`] of the lake |
//! | `GET lineage/{database}/{table}/{column}` | [`VersionQuery`] | [`ColumnLineage`] |
//! | `POST sources/{system}/{table}/breaks` | [`SourceChange`] | [`Breakage`] |
//!
//! A table is named `database.table`. Raw files stand as tables of the database `raw:{system}`.

use domain::dataset::DatasetId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Whose table is to stand as an earlier version of its transformation builds it; both or neither.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
pub struct VersionQuery {
    /// The dataset, `{system}/{table}`.
    pub transformation: Option<String>,
    /// The version, from 1. Its SQL is planned over the tables of today.
    pub version: Option<u64>,
}

/// Tables and how their columns depend on each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct LineageGraph {
    /// By zone (raw, conformed, purpose-built), then by name.
    pub tables: Vec<LineageTable>,
    /// Each once.
    pub edges: Vec<LineageEdge>,
}

/// A table of the graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct LineageTable {
    /// The database; `raw:{system}` for raw files.
    pub database: String,
    /// The table.
    pub table: String,
    /// `raw`, `conformed` or `purpose-built`.
    pub zone: String,
    /// The dataset that it belongs to.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub dataset: Option<DatasetId>,
    /// Who answers for the dataset.
    pub owner: Option<String>,
    /// The version that its columns follow from: of the transformation for a purpose-built table,
    /// of the source otherwise.
    pub version: Option<u64>,
    /// What tells an earlier version from the one that runs, where `version` was asked for.
    pub earlier: Option<EarlierVersion>,
    /// Its columns, in table order; year, month and day last where they come from the rule.
    pub columns: Vec<LineageColumn>,
    /// Why its columns' origins are not known, if so: its SQL cannot be planned today.
    pub problem: Option<String>,
}

/// A version of a transformation that does not run any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct EarlierVersion {
    /// The version that runs.
    pub runs: u64,
    /// Who saved the earlier one.
    pub author: String,
    /// Why.
    pub message: String,
    /// When.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    #[serde(deserialize_with = "super::moment::read")]
    pub saved_at: Timestamp,
}

/// A column of a table of the graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct LineageColumn {
    /// Its name.
    pub name: String,
    /// Its type in the catalog; `None` for raw columns, which have none yet.
    #[serde(rename = "type")]
    pub column_type: Option<String>,
    /// The expression that computes it, where a transformation does.
    pub expression: Option<String>,
}

/// Names a column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ColumnRef {
    /// The database; `raw:{system}` for raw files.
    pub database: String,
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
}

/// One column depends on another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct LineageEdge {
    /// The column that is read.
    pub from: ColumnRef,
    /// The table that is built from it.
    pub to_database: String,
    /// The table that is built from it.
    pub to_table: String,
    /// The column that holds what became of it; `None`: it decides which rows there are, and so
    /// reaches every column of the table.
    pub to_column: Option<String>,
    /// What becomes of it.
    pub kind: EdgeKind,
}

/// What becomes of a column that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EdgeKind {
    /// Its value as it is.
    Copied,
    /// A value computed from it, row by row.
    Computed,
    /// A value computed from many rows.
    Aggregated,
    /// It decides which value is taken, but is no part of it: the condition of a CASE, the order or
    /// the partition of a window.
    Steers,
    /// It decides which rows there are: WHERE, HAVING, DISTINCT ON, LIMIT's order.
    Filters,
    /// Rows are joined by it.
    Joins,
    /// Rows are grouped by it.
    Groups,
}

impl EdgeKind {
    /// Whether it decides about rows instead of flowing into a column.
    pub fn is_indirect(self) -> bool {
        matches!(self, Self::Steers | Self::Filters | Self::Joins | Self::Groups)
    }
}

/// Everything that a column depends on, and everything that depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ColumnLineage {
    /// The column.
    pub column: ColumnRef,
    /// Upstream: tables with the columns that are involved, and their edges.
    pub upstream: LineageGraph,
    /// Downstream: likewise.
    pub downstream: LineageGraph,
}

/// Changes of a source's columns that are thought about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SourceChange {
    /// Each column at most once.
    pub columns: Vec<ChangedColumn>,
}

/// A column of a source that would be dropped or retyped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ChangedColumn {
    /// Its name in the conformed table.
    pub name: String,
    /// The type it would get; `None`: it would be dropped.
    #[serde(rename = "type", default)]
    pub column_type: Option<String>,
}

/// What changes of a source would do to the SQL that reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Breakage {
    /// Transformations that would not run, or whose output would change, by dataset.
    pub transformations: Vec<AffectedTransformation>,
    /// Saved queries that the caller may see and that would not run, return other columns or get no
    /// new rows: over the conformed table, and over purpose-built tables that would be others.
    pub queries: Vec<AffectedQuery>,
    /// How many private queries of others there are besides.
    pub hidden_queries: u64,
    /// Transformations that read the source and would go on as before.
    #[cfg_attr(feature = "ssr", schema(value_type = Vec<String>))]
    pub unaffected: Vec<DatasetId>,
}

/// A table by which a change of a source reaches SQL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ChangeWay {
    /// The table that the SQL reads, `database.table`.
    pub table: String,
    /// The dataset whose transformation builds that table; `None`: it is the source's conformed one.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub built_by: Option<DatasetId>,
    /// The table would not be built any more, because its transformation would not run: the SQL goes
    /// on to read the rows that are there.
    pub stops: bool,
}

/// A saved query that would be affected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct AffectedQuery {
    /// Its id, for a link.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Whose it is.
    pub owner: String,
    /// Why it would not run; `None`: it would, with other columns or over old rows.
    pub problem: Option<String>,
    /// Output columns that would get another type or vanish, as `name: before -> after`.
    pub output_changes: Vec<String>,
    /// The tables by which the change reaches it; at least one.
    pub ways: Vec<ChangeWay>,
}

/// A transformation that would be affected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct AffectedTransformation {
    /// Whose purpose-built table it builds.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub dataset: DatasetId,
    /// Who answers for the dataset.
    pub owner: String,
    /// Its version.
    pub version: u64,
    /// Who saved that version.
    pub author: String,
    /// Why it would not run; `None`: it would, with other columns or over old rows.
    pub problem: Option<String>,
    /// The line of its SQL where the problem is.
    pub line: Option<u64>,
    /// Output columns that would get another type or vanish, as `name: before -> after`.
    pub output_changes: Vec<String>,
    /// The tables by which the change reaches it; at least one.
    pub ways: Vec<ChangeWay>,
}
