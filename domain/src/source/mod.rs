//! Sources: how a dataset's files are read, what its columns are, and what happens to what does not
//! fit.

mod changes;
mod faults;
mod format;
mod partition_rule;
mod policy;

use serde::{Deserialize, Serialize};

use crate::column::Column;
use crate::dataset::DatasetId;
use crate::{Error, Result};

pub use changes::Change;
pub use faults::{Fault, Part};
pub use format::{CsvDialect, Encoding, Format, LineEnding};
pub use partition_rule::PartitionRule;
pub use policy::{Breach, DriftPolicy, MalformedPolicy};

/// The registration of a dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What it registers.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
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
    /// A registration with the usual policies.
    pub fn new(
        dataset: DatasetId,
        owner: impl Into<String>,
        format: Format,
        columns: Vec<Column>,
    ) -> Self {
        Self {
            dataset,
            owner: owner.into(),
            description: None,
            conformed_database: None,
            purpose_built_database: None,
            format,
            partition: PartitionRule::default(),
            malformed: MalformedPolicy::default(),
            drift: DriftPolicy::default(),
            columns,
        }
    }

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
        match self.faults().into_iter().next() {
            Some(fault) => Err(Error::invalid(fault.message)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::ColumnType;

    fn source(columns: Vec<Column>) -> Source {
        let format = Format::Csv(CsvDialect::default());
        Source::new("tlc/yellow".parse().unwrap(), "data", format, columns)
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
