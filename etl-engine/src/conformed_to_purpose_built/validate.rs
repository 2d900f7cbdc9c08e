//! Checks of a transformation's SQL before it is saved or run.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::datasource::empty::EmptyTable;
use domain::column::{ColumnType, normalised_name};
use domain::partition::PARTITION_KEYS;
use domain::table::{CatalogTable, TableName};
use domain::{Error, Result};
use tokio_util::sync::CancellationToken;

use super::locality::{Locality, locality};
use crate::catalog::Catalog;
use crate::column_types::{column_type, table_schema};
use crate::query::deep_stack::on_deep_stack;
use crate::query::failure::failure;
use crate::query::lookup::tables_named;
use crate::query::plan::plan;
use crate::query::session::{SessionLimits, session};
use crate::query::statement::QueryStatement;

/// Memory for planning; no row is read.
const PLANNING_MEMORY: usize = 16 * 1024 * 1024;

/// A transformation that may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validated {
    /// Columns of the purpose-built table in the order of the SELECT, without year, month, day.
    pub output: Vec<(String, ColumnType)>,
    /// The tables that it reads, each once.
    pub inputs: Vec<TableName>,
    /// Whether an output partition depends on the same input partition alone.
    pub locality: Locality,
}

/// Checks that `sql` is exactly one SELECT over known tables and columns whose output can be a
/// table partitioned by year, month and day.
///
/// `own` is the conformed table of the dataset whose purpose-built table the SQL builds. `known`
/// are tables that the catalog may not have yet, such as that of a source without data; they go
/// before the catalog's. [`domain::ErrorKind::Invalid`] says what is wrong and what to write.
pub async fn validate(
    sql: &str,
    catalog: &dyn Catalog,
    known: &[CatalogTable],
    own: &TableName,
) -> Result<Validated> {
    let statement = QueryStatement::parse(sql)?;
    if !statement.is_select() {
        return Err(Error::invalid("a transformation is exactly one SELECT"));
    }
    let inputs = statement.tables().to_vec();
    let tables = tables_named(&inputs, catalog, known).await?;
    let own = own.clone();
    on_deep_stack(async move {
        let (output, locality) = planned(statement, &tables, &own).await?;
        Ok(Validated { output, inputs, locality })
    })
    .await
}

async fn planned(
    statement: QueryStatement,
    tables: &[CatalogTable],
    own: &TableName,
) -> Result<(Vec<(String, ColumnType)>, Locality)> {
    let limits = SessionLimits {
        max_memory: PLANNING_MEMORY,
        spill_dir: None,
        max_spill: 0,
        target_partitions: 1,
        cancel: CancellationToken::new(),
    };
    let providers = tables.iter().map(|table| (table.name.clone(), without_rows(table)));
    let state = session(&limits, providers.collect())?;
    let plan = plan(&state, statement).await?;
    let output = output_columns(&Arc::new(plan.schema().as_arrow().clone()))?;
    let locality = locality(&plan, own);
    // What only the physical planner refuses must not wait for the first run.
    state.create_physical_plan(&plan).await.map_err(failure)?;
    Ok((output, locality))
}

fn without_rows(table: &CatalogTable) -> Arc<dyn TableProvider> {
    Arc::new(EmptyTable::new(table_schema(&table.columns)))
}

/// The output without year, month and day, once all of it is fit for a table.
fn output_columns(schema: &SchemaRef) -> Result<Vec<(String, ColumnType)>> {
    check_names(schema)?;
    for (key, digits) in PARTITION_KEYS.iter().zip([4, 2, 2]) {
        check_partition_key(schema, key, digits)?;
    }
    let fields = schema.fields().iter();
    let columns = fields.filter(|field| !PARTITION_KEYS.contains(&field.name().as_str()));
    let columns: Vec<_> = columns
        .map(|field| Ok((field.name().clone(), column_type(field.name(), field.data_type())?)))
        .collect::<Result<_>>()?;
    if columns.is_empty() {
        return Err(Error::invalid(
            "the SELECT returns year, month and day only: add the columns of the table",
        ));
    }
    Ok(columns)
}

fn check_names(schema: &SchemaRef) -> Result<()> {
    let mut seen = BTreeSet::new();
    for (index, field) in schema.fields().iter().enumerate() {
        let (name, usable) = (field.name(), normalised_name(field.name()));
        if *name != usable {
            return Err(Error::invalid(format!(
                "output column {} ({name}) has no name that a table can use: write … AS {usable}",
                index + 1
            )));
        }
        if !seen.insert(name) {
            return Err(Error::invalid(format!(
                "the output has two columns {name:?}: give one another name with AS"
            )));
        }
    }
    Ok(())
}

fn check_partition_key(schema: &SchemaRef, key: &str, digits: u8) -> Result<()> {
    let Ok(field) = schema.field_with_name(key) else {
        return Err(Error::invalid(format!(
            "the SELECT does not return {key}: year, month and day have to be among its columns"
        )));
    };
    let is_text =
        matches!(field.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    if is_text {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "output column {key} is {}, but has to be text with {digits} digits: write for example \
         lpad(cast({key} AS varchar), {digits}, '0') AS {key}",
        column_type(key, field.data_type())
            .map_or_else(|_| field.data_type().to_string(), |known| known.to_string())
    )))
}
