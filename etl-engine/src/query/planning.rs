//! Planning over tables without reading a row of them.

use std::sync::{Arc, OnceLock};

use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::datasource::empty::EmptyTable;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast;
use domain::Result;
use domain::table::CatalogTable;
use tokio_util::sync::CancellationToken;

use super::session::{SessionLimits, over_tables, session};
use crate::column_types::table_schema;

/// Memory for planning; no row is read.
const PLANNING_MEMORY: usize = 16 * 1024 * 1024;

/// Functions and rules without a table. Making them takes longer than planning what people type,
/// and no statement can change them.
static EMPTY: OnceLock<SessionState> = OnceLock::new();

/// A session in which the tables have their columns and no rows.
pub(crate) fn planning_session(tables: &[CatalogTable]) -> Result<SessionState> {
    let empty = match EMPTY.get() {
        Some(empty) => empty,
        None => {
            let made = empty_session()?;
            EMPTY.get_or_init(|| made)
        }
    };
    let providers = tables.iter().map(|table| (table.name.clone(), without_rows(table)));
    over_tables(empty.clone(), providers.collect())
}

fn empty_session() -> Result<SessionState> {
    let limits = SessionLimits {
        max_memory: PLANNING_MEMORY,
        spill_dir: None,
        max_spill: 0,
        target_partitions: 1,
        cancel: CancellationToken::new(),
    };
    session(&limits, Vec::new())
}

/// The analysed plan of a syntax tree, with DataFusion's own errors, which know their place.
pub(crate) async fn plan_tree(
    state: &SessionState,
    tree: ast::Statement,
) -> std::result::Result<LogicalPlan, DataFusionError> {
    let statement = Statement::Statement(Box::new(tree));
    let plan = state.statement_to_plan(statement).await?;
    state.analyzer().execute_and_check(plan, state.config_options(), |_, _| {})
}

fn without_rows(table: &CatalogTable) -> Arc<dyn TableProvider> {
    Arc::new(EmptyTable::new(table_schema(&table.columns)))
}
