//! Everything that is wrong with a source and can be known without a file, by the part it stands in.

use std::collections::HashSet;

use super::Source;
use crate::column::{Column, ColumnType, normalised_name};
use crate::dataset::check_name;
use crate::partition::PARTITION_KEYS;
use crate::source::PartitionRule;
use crate::{Error, Result};

/// A part of a source, for forms that show faults where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The databases of its tables.
    Databases,
    /// The list of columns as a whole.
    Columns,
    /// The column at this index.
    Column(usize),
    /// Format and dialect.
    Format,
    /// The policy for rows that do not fit.
    Malformed,
    /// The partition rule.
    Partition,
}

/// Something wrong with a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub part: Part,
    /// What, and what to do.
    pub message: String,
}

impl Source {
    /// All faults, in the order in which they are best mended. Empty: the source is valid.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut check = |part: Part, outcome: Result<()>| {
            if let Err(error) = outcome {
                faults.push(Fault { part, message: error.message().to_owned() });
            }
        };
        check(Part::Databases, self.check_databases());
        if self.columns.is_empty() {
            let message = format!("source {} has no columns", self.dataset);
            check(Part::Columns, Err(Error::invalid(message)));
        }
        let (mut names, mut source_names) = (HashSet::new(), HashSet::new());
        for (index, column) in self.columns.iter().enumerate() {
            let first_of_its_name = names.insert(&column.name);
            let first_to_read = source_names.insert(&column.source_name);
            let outcome = check_column(column, first_of_its_name, first_to_read);
            check(Part::Column(index), outcome);
        }
        check(Part::Format, self.format.validate());
        check(Part::Malformed, self.malformed.validate());
        check(Part::Partition, self.partition.validate().and_then(|()| self.check_partition()));
        faults
    }

    fn check_databases(&self) -> Result<()> {
        check_name("conformed database", self.conformed_database())?;
        check_name("purpose-built database", &self.purpose_built_database())?;
        if self.conformed_database() != self.purpose_built_database() {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "database {} would hold both the conformed and the purpose-built table of {}: give \
             one of them another database",
            self.conformed_database(),
            self.dataset
        )))
    }

    fn check_partition(&self) -> Result<()> {
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

fn check_column(column: &Column, first_of_its_name: bool, first_to_read: bool) -> Result<()> {
    check_column_name(&column.name)?;
    if !first_of_its_name {
        return Err(Error::invalid(format!(
            "column {} is registered twice: give one of them another name",
            column.name
        )));
    }
    if !first_to_read {
        return Err(Error::invalid(format!(
            "columns {} and another both read {:?} of the file",
            column.name, column.source_name
        )));
    }
    Ok(())
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
