//! Sources: how a dataset's files are read, what its columns are, and what happens to what does not
//! fit.

mod format;
mod partition_rule;
mod policy;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::column::{Column, ColumnType, normalised_name};
use crate::dataset::{DatasetId, check_name};
use crate::partition::PARTITION_KEYS;
use crate::{Error, Result};

pub use format::{CsvDialect, Encoding, Format, LineEnding};
pub use partition_rule::PartitionRule;
pub use policy::{DriftPolicy, MalformedPolicy};

/// The registration of a dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What it registers.
    pub dataset: DatasetId,
    /// Who answers for it.
    #[serde(default)]
    pub owner: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Database of the conformed table; the source system when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conformed_database: Option<String>,
    /// Database of the purpose-built table; `<source_system>_purpose_built` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose_built_database: Option<String>,
    /// How its files are written.
    pub format: Format,
    /// How rows find their partition.
    #[serde(default)]
    pub partition: PartitionRule,
    /// What happens to rows that do not fit.
    #[serde(default)]
    pub malformed: MalformedPolicy,
    /// What happens when a file's columns differ from the pinned ones.
    #[serde(default)]
    pub drift: DriftPolicy,
    /// The pinned columns, in table order.
    pub columns: Vec<Column>,
}

impl Source {
    /// Database of the conformed table.
    pub fn conformed_database(&self) -> &str {
        self.conformed_database.as_deref().unwrap_or_else(|| self.dataset.source_system())
    }

    /// Database of the purpose-built table.
    pub fn purpose_built_database(&self) -> String {
        self.purpose_built_database
            .clone()
            .unwrap_or_else(|| format!("{}_purpose_built", self.dataset.source_system()))
    }

    /// The pinned column called `name` in the table.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Checks everything that can be known without a file. The error names the first fault.
    pub fn validate(&self) -> Result<()> {
        check_name("conformed database", self.conformed_database())?;
        check_name("purpose-built database", &self.purpose_built_database())?;
        if self.conformed_database() == self.purpose_built_database() {
            return Err(Error::invalid(format!(
                "database {} would hold both the conformed and the purpose-built table of {}: give \
                 one of them another database",
                self.conformed_database(),
                self.dataset
            )));
        }
        self.validate_columns()?;
        self.format.validate()?;
        self.malformed.validate()?;
        self.validate_partition()
    }

    fn validate_columns(&self) -> Result<()> {
        if self.columns.is_empty() {
            return Err(Error::invalid(format!("source {} has no columns", self.dataset)));
        }
        let (mut names, mut source_names) = (HashSet::new(), HashSet::new());
        for column in &self.columns {
            check_column_name(&column.name)?;
            if !names.insert(&column.name) {
                return Err(Error::invalid(format!(
                    "column {} is registered twice: give one of them another name",
                    column.name
                )));
            }
            if !source_names.insert(&column.source_name) {
                return Err(Error::invalid(format!(
                    "columns {} and another both read {:?} of the file",
                    column.name, column.source_name
                )));
            }
        }
        Ok(())
    }

    fn validate_partition(&self) -> Result<()> {
        self.partition.validate()?;
        let PartitionRule::DateColumn { column: name } = &self.partition else { return Ok(()) };
        match self.column(name).map(|column| column.column_type) {
            Some(ColumnType::Date | ColumnType::Timestamp) => Ok(()),
            Some(other) => Err(Error::invalid(format!(
                "partition column {name} is a {other}: pin it as date or timestamp"
            ))),
            None => Err(Error::invalid(format!(
                "partition column {name} is not among the columns of {}",
                self.dataset
            ))),
        }
    }
}

/// A column must be a plain lower-case name that does not collide with the partition keys.
fn check_column_name(name: &str) -> Result<()> {
    if PARTITION_KEYS.contains(&name) {
        return Err(Error::invalid(format!(
            "column {name} has the name of a partition key: register it as source_{name}"
        )));
    }
    if name.is_empty() || name.len() > 255 || normalised_name(name) != name {
        return Err(Error::invalid(format!(
            "column name {name:?} is not lower snake case: use {:?}",
            normalised_name(name)
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(columns: Vec<Column>) -> Source {
        Source {
            dataset: "tlc/yellow".parse().unwrap(),
            owner: "data".into(),
            description: None,
            conformed_database: None,
            purpose_built_database: None,
            format: Format::Csv(CsvDialect::default()),
            partition: PartitionRule::default(),
            malformed: MalformedPolicy::default(),
            drift: DriftPolicy::default(),
            columns,
        }
    }

    fn error_of(source: &Source) -> String {
        source.validate().unwrap_err().to_string()
    }

    #[test]
    fn b6_a_column_cannot_take_the_name_of_a_partition_key() {
        let error = error_of(&source(vec![Column::new("Year", ColumnType::Int)]));
        assert!(error.contains("source_year"), "{error}");
    }

    #[test]
    fn the_partition_column_must_be_a_date() {
        let mut bad = source(vec![Column::new("a", ColumnType::Int)]);
        bad.partition = PartitionRule::DateColumn { column: "a".into() };
        assert!(error_of(&bad).contains("pin it as date or timestamp"));
        bad.partition = PartitionRule::DateColumn { column: "b".into() };
        assert!(error_of(&bad).contains("not among the columns"));
    }

    #[test]
    fn a_source_reads_back_as_it_is_written() {
        let source = source(vec![Column::new("VendorID", ColumnType::BigInt)]);
        source.validate().unwrap();
        let json = serde_json::to_string(&source).unwrap();
        assert_eq!(serde_json::from_str::<Source>(&json).unwrap(), source);
    }
}
