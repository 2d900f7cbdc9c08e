//! Running a transformation over partitions of the conformed zone.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, col};
use datafusion::physical_plan::execute_stream;
use domain::column::ColumnType;
use domain::partition::{PARTITION_KEYS, Partition};
use domain::table::CatalogTable;
use domain::zone::Zone;
use domain::{Error, ErrorKind, Result};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};

use crate::lake::Lake;
use crate::query::column_types::arrow_type;
use crate::query::failure::failure;
use crate::query::files::partitions_of;
use crate::query::lookup::tables_named;
use crate::query::plan::plan;
use crate::query::reads::ReadLog;
use crate::query::session::{SessionLimits, session};
use crate::query::statement::QueryStatement;
use crate::query::table::CatalogTableProvider;

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
    /// The rows, in no particular order. [`ErrorKind::Unavailable`] when a file was replaced while
    /// it was read: run it again.
    pub batches: BoxStream<'static, Result<RecordBatch>>,
}

/// Starts a transformation. Nothing is read before the output is polled.
pub async fn execute(lake: &Lake, execution: &Execution<'_>) -> Result<Output> {
    let statement = QueryStatement::parse(execution.sql)?;
    let log = Arc::new(ReadLog::default());
    let own = std::slice::from_ref(execution.own);
    let tables = tables_named(statement.tables(), lake.catalog.as_ref(), own).await?;
    let mut providers: Vec<(_, Arc<dyn TableProvider>)> = Vec::with_capacity(tables.len());
    for table in tables {
        let partitions = partitions(lake, &table, execution).await?;
        let store = Arc::clone(lake.zone(table.zone));
        let provider = CatalogTableProvider::new(&table, partitions, store, Arc::clone(&log));
        providers.push((table.name, Arc::new(provider)));
    }
    let zones = [Zone::Conformed, Zone::PurposeBuilt].map(|zone| (zone, Arc::clone(lake.zone(zone))));
    let state = session(&zones.to_vec(), &execution.limits, providers)?;
    let plan = as_table(plan(&state, statement).await?, execution.output)?;
    let plan = state.create_physical_plan(&plan).await.map_err(failure)?;
    let stream = execute_stream(plan, state.task_ctx()).map_err(failure)?;
    let schema = stream.schema();
    let batches = stream.map_err(move |error| match log.replaced() {
        Some(path) => Error::new(
            ErrorKind::Unavailable,
            format!("{path} was replaced while it was read; run the transformation again"),
        ),
        None => failure(error).context(format!("reading {}", log.open_files().join(", "))),
    });
    Ok(Output { schema, batches: batches.boxed() })
}

async fn partitions(
    lake: &Lake,
    table: &CatalogTable,
    execution: &Execution<'_>,
) -> Result<Vec<Partition>> {
    if table.name == execution.own.name {
        return match execution.touched {
            Some(touched) => Ok(touched.to_vec()),
            None => partitions_of(lake.zone(table.zone), &table.location).await,
        };
    }
    let partitions = lake.catalog.partitions(&table.name, None).await?;
    Ok(partitions.into_iter().map(|stored| stored.partition).collect())
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
