//! Whether a query's output can be a table partitioned by year, month and day.

use std::collections::BTreeSet;

use arrow::datatypes::{DataType, Schema};
use domain::column::{ColumnType, normalised_name};
use domain::partition::PARTITION_KEYS;
use domain::{Error, Result};

use crate::column_types::column_type;

/// Digits of year, month and day.
const DIGITS: [u8; 3] = [4, 2, 2];

/// Something about an output that no table can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutputFault {
    /// The position of the column that it is about; `None`: about the output as a whole.
    pub(crate) column: Option<usize>,
    /// What is wrong, and what to write.
    pub(crate) message: String,
    /// For a function of the column's expression: text that would be right.
    pub(crate) wrapped: Option<(String, String)>,
}

impl OutputFault {
    fn new(column: Option<usize>, message: impl Into<String>) -> Self {
        Self { column, message: message.into(), wrapped: None }
    }
}

/// The output without year, month and day, once all of it is fit for a table.
pub(crate) fn output_columns(schema: &Schema) -> Result<Vec<(String, ColumnType)>> {
    if let Some(fault) = output_faults(schema).into_iter().next() {
        return Err(Error::invalid(fault.message));
    }
    let fields = schema.fields().iter();
    let columns = fields.filter(|field| !PARTITION_KEYS.contains(&field.name().as_str()));
    columns
        .map(|field| Ok((field.name().clone(), column_type(field.name(), field.data_type())?)))
        .collect()
}

/// Everything that keeps an output from being a table.
pub(crate) fn output_faults(schema: &Schema) -> Vec<OutputFault> {
    let mut faults = name_faults(schema);
    faults.extend(missing_keys(schema));
    let complete = faults.iter().all(|fault| fault.column.is_some());
    for (key, digits) in PARTITION_KEYS.iter().zip(DIGITS) {
        faults.extend(partition_key_fault(schema, key, digits));
    }
    let mut others = 0;
    for (index, field) in schema.fields().iter().enumerate() {
        if PARTITION_KEYS.contains(&field.name().as_str()) {
            continue;
        }
        others += 1;
        if let Err(error) = column_type(field.name(), field.data_type()) {
            faults.push(OutputFault::new(Some(index), error.message()));
        }
    }
    if others == 0 && complete {
        faults.push(OutputFault::new(
            None,
            "the SELECT returns year, month and day only: add the columns of the table",
        ));
    }
    faults
}

fn name_faults(schema: &Schema) -> Vec<OutputFault> {
    let (mut seen, mut faults) = (BTreeSet::new(), Vec::new());
    for (index, field) in schema.fields().iter().enumerate() {
        let (name, usable) = (field.name(), normalised_name(field.name()));
        if *name != usable {
            let message = format!(
                "output column {} ({name}) has no name that a table can use: write … AS {usable}",
                index + 1
            );
            let wrapped = Some((String::new(), format!(" AS {usable}")));
            faults.push(OutputFault { column: Some(index), message, wrapped });
        } else if !seen.insert(name) {
            faults.push(OutputFault::new(
                Some(index),
                format!("the output has two columns {name:?}: give one another name with AS"),
            ));
        }
    }
    faults
}

fn missing_keys(schema: &Schema) -> Option<OutputFault> {
    let missing = PARTITION_KEYS.iter().filter(|key| schema.column_with_name(key).is_none());
    let missing: Vec<_> = missing.copied().collect();
    let message = format!(
        "the SELECT does not return {}: year, month and day have to be among its columns",
        missing.join(", ")
    );
    (!missing.is_empty()).then(|| OutputFault::new(None, message))
}

fn partition_key_fault(schema: &Schema, key: &str, digits: u8) -> Option<OutputFault> {
    let (index, field) = schema.column_with_name(key)?;
    let is_text =
        matches!(field.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    if is_text {
        return None;
    }
    let message = format!(
        "output column {key} is {}, but has to be text with {digits} digits: write for example \
         lpad(cast({key} AS varchar), {digits}, '0') AS {key}",
        column_type(key, field.data_type())
            .map_or_else(|_| field.data_type().to_string(), |known| known.to_string())
    );
    let wrapped = Some(("lpad(cast(".to_owned(), format!(" AS varchar), {digits}, '0') AS {key}")));
    Some(OutputFault { column: Some(index), message, wrapped })
}
