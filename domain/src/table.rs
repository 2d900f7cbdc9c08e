//! Catalog tables and their partitions, in the shape that Glue and Athena know.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::column::ColumnType;
use crate::partition::Partition;
use crate::run::RunId;
use crate::zone::Zone;

/// Names a catalog table: `database.table`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TableName {
    /// The database.
    pub database: String,
    /// The table.
    pub table: String,
}

impl TableName {
    /// Builds a name from its parts.
    pub fn new(database: impl Into<String>, table: impl Into<String>) -> Self {
        Self { database: database.into(), table: table.into() }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.database, self.table)
    }
}

/// A table as the catalog knows it. Partition keys are always year, month and day as strings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogTable {
    /// Its name.
    pub name: TableName,
    /// The zone that holds its files.
    pub zone: Zone,
    /// Its folder below the zone, without slash at either end: `tlc/yellow`.
    pub location: String,
    /// Columns without the partition keys, in table order.
    pub columns: Vec<CatalogColumn>,
    /// Written by people; updates keep it.
    pub description: Option<String>,
    /// Parameters; updates keep those they do not set.
    pub parameters: BTreeMap<String, String>,
    /// Counts updates; compare-and-swap. 0: not yet stored.
    pub version: u64,
}

/// A column as the catalog knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogColumn {
    /// Lower snake case.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub column_type: ColumnType,
    /// Written by people; updates keep it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A partition as the catalog knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogPartition {
    /// Which day.
    pub partition: Partition,
    /// Rows in all its files.
    pub rows: u64,
    /// Bytes in all its files.
    pub bytes: u64,
    /// Number of files.
    pub files: u64,
    /// The run that last changed it.
    pub run: RunId,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What a table holds, over all its partitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableTotals {
    /// The table.
    pub name: TableName,
    /// The zone that holds its files.
    pub zone: Zone,
    /// Number of partitions.
    pub partitions: u64,
    /// Rows in all its files.
    pub rows: u64,
    /// Bytes in all its files.
    pub bytes: u64,
    /// Number of files.
    pub files: u64,
    /// When a partition was last changed; `None` without partitions.
    pub updated_at: Option<Timestamp>,
}
