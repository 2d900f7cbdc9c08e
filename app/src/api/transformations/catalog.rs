//! What completion and hover need to know: tables, columns, functions.

use serde::{Deserialize, Serialize};

/// Everything that SQL can name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SqlCatalog {
    /// Databases by name.
    pub databases: Vec<SqlDatabase>,
    /// Columns that every table has besides its own, all `string`: year, month, day.
    pub partition_keys: Vec<String>,
    /// Functions by name.
    pub functions: Vec<SqlFunction>,
}

/// A database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SqlDatabase {
    /// Its name.
    pub name: String,
    /// Its tables by name.
    pub tables: Vec<SqlTable>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SqlTable {
    /// Its name.
    pub name: String,
    /// `conformed` or `purpose-built`.
    pub zone: String,
    /// What people wrote about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Its own columns, in table order.
    pub columns: Vec<SqlColumn>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SqlColumn {
    /// Its name.
    pub name: String,
    /// Its type in the catalog.
    #[serde(rename = "type")]
    pub column_type: String,
    /// What people wrote about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SqlFunction {
    /// Its name.
    pub name: String,
    /// `scalar`, `aggregate` or `window`.
    pub kind: String,
    /// How it is called, as `lpad(str, n, padding_str)`.
    pub signature: String,
    /// What it does, in a line.
    pub about: String,
}
