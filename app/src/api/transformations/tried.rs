//! What trying SQL says: findings, output columns, sample rows.

use serde::{Deserialize, Serialize};

/// What is wrong or doubtful in SQL, as it is typed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Checked {
    /// By their place in the text. No error among them: the SQL may be saved.
    pub findings: Vec<Finding>,
    /// The output's columns with year, month and day, in the order of the SELECT; empty when the
    /// SQL cannot be planned.
    pub columns: Vec<OutputColumn>,
    /// The tables that it reads, as `database.table`.
    pub reads: Vec<String>,
    /// Why each run would read the whole table; `None`: only the partitions it touches.
    pub whole_table_because: Option<String>,
    /// What the check took.
    pub seconds: f64,
}

/// Something about a place of the text. Lines and columns count from 1, columns in Unicode
/// characters; the end is the first column behind the place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// What, and what to write instead.
    pub message: String,
    /// Its first line.
    pub line: u64,
    /// Its first column.
    pub column: u64,
    /// Its last line.
    pub end_line: u64,
    /// The first column behind it.
    pub end_column: u64,
    /// Text that would be right in its place.
    pub suggestion: Option<String>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It cannot be saved.
    Error,
    /// It can be saved, but is likely not what was meant.
    Warning,
    /// Good to know.
    Hint,
}

/// A column that SQL returns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct OutputColumn {
    /// Its name.
    pub name: String,
    /// Its type in the catalog.
    #[serde(rename = "type")]
    pub column_type: String,
    /// Whether it may hold NULL.
    pub nullable: bool,
    /// Whether it is year, month or day.
    pub partition_key: bool,
}

/// What SQL would return, without a row read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct DryRun {
    /// The output's columns with year, month and day, in the order of the SELECT.
    pub columns: Vec<OutputColumn>,
    /// The tables that it reads, as `database.table`.
    pub reads: Vec<String>,
    /// Why each run would read the whole table; `None`: only the partitions it touches.
    pub whole_table_because: Option<String>,
    /// Whether the purpose-built table exists yet.
    pub table_exists: bool,
    /// What differs from the purpose-built table as it is; empty without one.
    pub changes: Vec<ColumnChange>,
}

/// A column that would differ from the live table's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ColumnChange {
    /// Its name.
    pub name: String,
    /// How it differs.
    pub change: TypeChange,
    /// Its type in the live table; `None`: it is not there.
    pub before: Option<String>,
    /// Its type in the output; `None`: it is not there.
    pub after: Option<String>,
}

/// How a column differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TypeChange {
    /// New in the output.
    Added,
    /// Not in the output any more.
    Removed,
    /// Of another type.
    Retyped,
}

/// The first rows that SQL returns over a sample of real rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Preview {
    /// The columns, in the order of the SELECT.
    pub columns: Vec<OutputColumn>,
    /// At most 100 rows, one text for each column; `None` is NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// What is not shown, in words.
    pub truncated: Option<String>,
    /// What was read.
    pub sampled: Sampled,
    /// From start to last row.
    pub seconds: f64,
}

/// Which part of the dataset's conformed table was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Sampled {
    /// The table, as `database.table`.
    pub table: String,
    /// The days, `YYYY-MM-DD`, oldest first.
    pub partitions: Vec<String>,
    /// Days that the table has.
    pub of_partitions: u64,
    /// Rows in the sampled days.
    pub rows: u64,
    /// Rows that the table has.
    pub of_rows: u64,
}
