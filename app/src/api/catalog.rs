//! The catalog: databases, tables, what is known of them, what they were.
//!
//! All routes lie under `/environments/{environment}/catalog`; `{table}` is `{database}/{table}`.
//!
//! | route | asks for | answer |
//! |---|---|---|
//! | `GET ?search=&database=&after=&limit=` | `view_lake` | [`CatalogList`] |
//! | `GET {table}` | `view_lake` | [`TableDetail`] |
//! | `PUT {table}` with [`DescriptionChange`] | `edit_catalog` | [`TableDetail`]; 409 and 422 see there |
//! | `GET {table}/partitions?year=&after=&limit=` | `view_lake` | [`Page`] of [`TablePartition`] |
//! | `GET {table}/calendar?year=` | `view_lake` | [`PartitionCalendar`](super::sources::PartitionCalendar) |
//! | `GET {table}/sample?day=` | `run_queries` | [`TableSample`] |
//! | `GET {table}/history` | `view_lake` | [`TablePoint`] list, newest first |
//! | `GET {table}/history/{before}/compare/{after}` | `view_lake` | [`TableDifference`] |

use std::collections::BTreeMap;

use domain::dataset::DatasetId;
use domain::run::RunId;
use domain::table_history::ColumnChange;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Page;
use super::sources::TableSize;

/// Which tables to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct CatalogQuery {
    /// Only tables with this text in their name, their description, or a column's name or
    /// description.
    pub search: Option<String>,
    /// Only tables of this database.
    pub database: Option<String>,
    /// Continue behind this table, the `next` of the page before.
    pub after: Option<String>,
    /// At most so many, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

/// Databases, and a page of tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct CatalogList {
    /// All databases by name, whatever was searched for.
    pub databases: Vec<DatabaseSummary>,
    /// Tables by name.
    pub tables: Page<TableSummary>,
}

/// A database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct DatabaseSummary {
    /// Its name.
    pub name: String,
    /// Number of its tables.
    pub tables: u64,
    /// Rows in all of them.
    pub rows: u64,
    /// Bytes of all their files.
    pub bytes: u64,
}

/// A table in the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TableSummary {
    /// Its database.
    pub database: String,
    /// Its name.
    pub table: String,
    /// `conformed` or `purpose-built`.
    pub zone: String,
    /// What people wrote about it.
    pub description: Option<String>,
    /// Number of its own columns.
    pub columns: u64,
    /// What it holds.
    pub size: TableSize,
    /// When a run last changed a partition.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub updated_at: Option<Timestamp>,
    /// Columns that hold what was searched for, three at most.
    pub found_in: Vec<String>,
}

/// Everything about a table but its rows and partitions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TableDetail {
    /// Its database.
    pub database: String,
    /// Its name.
    pub table: String,
    /// `conformed` or `purpose-built`.
    pub zone: String,
    /// Its folder below the zone.
    pub location: String,
    /// What people wrote about it.
    pub description: Option<String>,
    /// Its own columns, in table order.
    pub columns: Vec<TableColumn>,
    /// Columns that every table has besides, all `string`: year, month, day.
    pub partition_keys: Vec<String>,
    /// Counts its updates; a change of descriptions names it.
    pub version: u64,
    /// What it holds.
    pub size: TableSize,
    /// Number of its files.
    pub files: u64,
    /// Its first day, `YYYY-MM-DD`.
    pub first_day: Option<String>,
    /// Its last day, `YYYY-MM-DD`.
    pub last_day: Option<String>,
    /// The run that last changed a partition.
    pub last_write: Option<LastWrite>,
    /// What makes the table: `source` or `transformation`.
    pub defined_by: String,
    /// The dataset that it belongs to and what makes it.
    pub origin: Option<TableOrigin>,
    /// SQL that reads the newest day.
    pub example_sql: String,
}

impl TableDetail {
    /// `database.table`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.database, self.table)
    }
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TableColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub column_type: String,
    /// What people wrote about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// The run that last changed a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct LastWrite {
    /// Which run.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub run: RunId,
    /// When it changed the table.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub at: Timestamp,
    /// The version of the source or of the transformation that it worked by; `None` when the run is
    /// no longer in the ledger.
    pub definition_version: Option<u64>,
}

/// Where a table comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TableOrigin {
    /// The dataset.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub dataset: DatasetId,
    /// Who answers for the dataset; `None` when it is no longer registered.
    pub owner: Option<String>,
    /// The version of the source (conformed table) or of the transformation (purpose-built table)
    /// that the next run works by.
    pub definition: Option<Definition>,
    /// Tables that a purpose-built table is built from, as `database.table`.
    pub reads: Vec<String>,
}

/// A version of a source or of a transformation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Definition {
    /// From 1.
    pub version: u64,
    /// Who saved it.
    pub author: String,
    /// When.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub saved_at: Timestamp,
}

/// New descriptions of a table and its columns. What is not named stays; an empty text takes a
/// description away.
///
/// Refused with 409 when the table was changed since `version` was read, with 422 when a column is
/// not there or a text is too long: 2,048 bytes for a table, 255 for a column, as in Glue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct DescriptionChange {
    /// The version of the table that the change was made from.
    pub version: u64,
    /// About the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// About columns, by name; one line each.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
}

/// Which partitions to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct PartitionQuery {
    /// Only those of a year.
    pub year: Option<i16>,
    /// Continue with days before this one, the `next` of the page before.
    pub after: Option<String>,
    /// At most so many, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TablePartition {
    /// `YYYY-MM-DD`.
    pub day: String,
    /// Rows in all its files.
    pub rows: u64,
    /// Bytes of all its files.
    pub bytes: u64,
    /// Number of its files.
    pub files: u64,
    /// The run that last changed it.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub run: RunId,
    /// When.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub updated_at: Timestamp,
}

/// Of which day to show rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct SampleQuery {
    /// `YYYY-MM-DD`; the newest day when absent.
    pub day: Option<String>,
}

/// Some rows of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TableSample {
    /// The day that they are of; `None` when the table has none.
    pub day: Option<String>,
    /// Rows of that day.
    pub of_rows: u64,
    /// The columns, with year, month and day.
    pub columns: Vec<TableColumn>,
    /// Cells as text; null stands for no value. At most 100 rows.
    pub rows: Vec<Vec<Option<String>>>,
    /// Why cells are cut, or rows missing that should be there.
    pub remark: Option<String>,
    /// The SQL that reads them.
    pub sql: String,
    /// Seconds that it took.
    pub seconds: f64,
}

/// A point in a table's history: how it was from then on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TablePoint {
    /// The table's version, which names the point.
    pub version: u64,
    /// When; `None`: it was so when the history began to be kept.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub changed_at: Option<Timestamp>,
    /// The run that changed it, if one did.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub run: Option<RunId>,
    /// The version of what makes the table that the run worked by.
    pub definition_version: Option<u64>,
    /// What makes the table: `source` or `transformation`.
    pub defined_by: String,
    /// The person who changed it, if one did.
    pub person: Option<String>,
    /// Number of columns from then on.
    pub columns: u64,
    /// What sets it apart from the point before; on the first point, only its columns.
    pub change: TableDifference,
}

/// What sets two points of a table's history apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TableDifference {
    /// The description at the earlier point.
    pub description_before: Option<String>,
    /// The description at the later point.
    pub description_after: Option<String>,
    /// Whether columns that both have stand in another order.
    pub is_reordered: bool,
    /// Columns in the order of the later point. In a history only those that differ, in a comparison
    /// all.
    pub columns: Vec<ColumnDifference>,
}

/// A column at two points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ColumnDifference {
    /// Its name.
    pub name: String,
    /// How it differs.
    pub change: ColumnChange,
    /// Its type at the earlier point.
    pub type_before: Option<String>,
    /// Its type at the later point.
    pub type_after: Option<String>,
    /// Its description at the earlier point.
    pub comment_before: Option<String>,
    /// Its description at the later point.
    pub comment_after: Option<String>,
}
