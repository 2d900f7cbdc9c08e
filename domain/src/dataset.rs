//! Datasets: `<source_system>/<table>`, the first two folders of a raw object key.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Longest source system or table name, in bytes.
pub const MAX_NAME_LENGTH: usize = 63;

/// A dataset's identity. Both parts match `[a-z][a-z0-9_]{0,62}`, so that they are safe as folder,
/// database, table and metric names without quoting.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DatasetId {
    source_system: String,
    table: String,
}

impl DatasetId {
    /// Builds an identity from its two parts.
    pub fn new(source_system: &str, table: &str) -> Result<Self> {
        check_name("source system", source_system)?;
        check_name("table", table)?;
        Ok(Self { source_system: source_system.to_owned(), table: table.to_owned() })
    }

    /// Stands in for a dataset that has no name yet, in drafts that are not saved.
    pub fn stand_in() -> Self {
        Self { source_system: "unnamed".to_owned(), table: "unnamed".to_owned() }
    }

    /// The dataset that a raw object key belongs to: its first two folders.
    pub fn of_key(key: &str) -> Result<Self> {
        let mut parts = key.split('/');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(system), Some(table), Some(_)) => Self::new(system, table),
            _ => Err(Error::invalid(format!(
                "raw object key {key:?} names no dataset: put the file at \
                 <source_system>/<table>/…/<file>"
            ))),
        }
    }

    /// The source system.
    pub fn source_system(&self) -> &str {
        &self.source_system
    }

    /// The table.
    pub fn table(&self) -> &str {
        &self.table
    }
}

impl FromStr for DatasetId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.split_once('/') {
            Some((system, table)) => Self::new(system, table),
            None => Err(Error::invalid(format!(
                "dataset {text:?} is not valid: write it as <source_system>/<table>"
            ))),
        }
    }
}

impl TryFrom<String> for DatasetId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<DatasetId> for String {
    fn from(id: DatasetId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for DatasetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.source_system, self.table)
    }
}

/// Checks a name that becomes a folder, a database or a table. `what` names it in the error.
pub fn check_name(what: &str, name: &str) -> Result<()> {
    let mut bytes = name.bytes();
    let starts_well = bytes.next().is_some_and(|b| b.is_ascii_lowercase());
    let goes_on_well = bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if starts_well && goes_on_well && name.len() <= MAX_NAME_LENGTH {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{what} name {name:?} is not valid: use 1 to {MAX_NAME_LENGTH} lower-case letters, digits \
         or underscores, starting with a letter"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dataset_is_the_first_two_folders_of_a_key() {
        let id = DatasetId::of_key("tlc/yellow/2020/08/file.csv").unwrap();
        assert_eq!(id.to_string(), "tlc/yellow");
    }

    #[test]
    fn c2_a_key_at_the_root_is_an_error_not_a_crash() {
        for key in ["file.csv", "", "/", "tlc/file.csv", "../etc/passwd", "TLC/yellow/a.csv"] {
            assert!(DatasetId::of_key(key).is_err(), "{key:?} was accepted");
        }
    }
}
