//! Checks of a transformation's SQL before it is saved or run.

use domain::column::ColumnType;
use domain::table::{CatalogTable, TableName};
use domain::{Error, Result};

use super::locality::{Locality, locality};
use super::output::output_columns;
use crate::catalog::Catalog;
use crate::query::deep_stack::on_deep_stack;
use crate::query::failure::failure;
use crate::query::lookup::tables_named;
use crate::query::plan::plan;
use crate::query::planning::planning_session;
use crate::query::statement::QueryStatement;

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
    let state = planning_session(tables)?;
    let plan = plan(&state, statement).await?;
    let output = output_columns(plan.schema().as_arrow())?;
    let locality = locality(&plan, own);
    // What only the physical planner refuses must not wait for the first run.
    state.create_physical_plan(&plan).await.map_err(failure)?;
    Ok((output, locality))
}
