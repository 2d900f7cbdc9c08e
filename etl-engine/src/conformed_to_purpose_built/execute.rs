//! Running a transformation over partitions of the conformed zone.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, col};
use datafusion::physical_plan::execute_stream;
use domain::Result;
use domain::column::ColumnType;
use domain::partition::{PARTITION_KEYS, Partition};
use domain::table::CatalogTable;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};

use crate::column_types::arrow_type;
use crate::query::deep_stack::on_deep_stack;
use crate::query::failure::{failure, read_failure};
use crate::query::files::partitions_of;
use crate::query::lookup::tables_named;
use crate::query::plan::plan;
use crate::query::readable::ReadableLake;
use crate::query::reads::ReadLog;
use crate::query::session::{SessionLimits, session};
use crate::query::statement::QueryStatement;

/// One run of a transformation.
#[derive(Debug)]
pub struct Execution<'a> {
    /// The transformation, validated.
    pub sql: &'a str,
    /// The dataset's conformed table. It need not be in the catalog yet.
    pub own: &'a CatalogTable,
    /// The output's columns without year, month and day, as validated.
    pub output: &'a [(String, ColumnType)],
    /// The partitions of the own table to read; `None` reads all that its zone holds.
    pub touched: Option<&'a [Partition]>,
    /// What it may use.
    pub limits: SessionLimits,
}

/// The rows that a transformation returns.
pub struct Output {
    /// The output's columns in their table's types, then year, month and day as `Utf8`.
    pub schema: SchemaRef,
    /// The rows, in no particular order. [`domain::ErrorKind::Unavailable`] when a file was replaced while
    /// it was read: run it again.
    pub batches: BoxStream<'static, Result<RecordBatch>>,
}

/// Starts a transformation. Nothing is read before the output is polled.
pub async fn execute(lake: &ReadableLake, execution: &Execution<'_>) -> Result<Output> {
    let statement = QueryStatement::parse(execution.sql)?;
    let log = Arc::new(ReadLog::default());
    let own = std::slice::from_ref(execution.own);
    let tables = tables_named(statement.tables(), lake.catalog.as_ref(), own).await?;
    let (own, others): (Vec<_>, Vec<_>) =
        tables.into_iter().partition(|table| table.name == execution.own.name);
    let mut providers = lake.providers(others, &log).await?;
    for table in own {
        let partitions = own_partitions(lake, &table, execution.touched).await?;
        providers.push(lake.provider(table, partitions, &log)?);
    }
    let state = session(&execution.limits, providers)?;
    let output = execution.output.to_vec();
    let stream = on_deep_stack(async move {
        let plan = as_table(plan(&state, statement).await?, &output)?;
        let plan = state.create_physical_plan(&plan).await.map_err(failure)?;
        execute_stream(plan, state.task_ctx()).map_err(failure)
    })
    .await?;
    let schema = stream.schema();
    let batches = stream.or_else(move |error| {
        let log = Arc::clone(&log);
        async move { Err(read_failure(error, &log).await) }
    });
    Ok(Output { schema, batches: batches.boxed() })
}

async fn own_partitions(
    lake: &ReadableLake,
    table: &CatalogTable,
    touched: Option<&[Partition]>,
) -> Result<Vec<Partition>> {
    match touched {
        Some(touched) => Ok(touched.to_vec()),
        None => partitions_of(lake.store_of(table)?, &table.location).await,
    }
}

/// The plan with its output in the order and the types of the table, year, month and day last.
fn as_table(plan: LogicalPlan, output: &[(String, ColumnType)]) -> Result<LogicalPlan> {
    let columns = output.iter().map(|(name, kind)| in_type(name, arrow_type(*kind)));
    let keys = PARTITION_KEYS.iter().map(|key| in_type(key, DataType::Utf8));
    LogicalPlanBuilder::from(plan)
        .project(columns.chain(keys))
        .and_then(LogicalPlanBuilder::build)
        .map_err(failure)
}

fn in_type(name: &str, data_type: DataType) -> Expr {
    cast(col(format!("\"{name}\"")), data_type).alias(name)
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").field("schema", &self.schema).finish_non_exhaustive()
    }
}
