//! From an allowed statement to a checked logical plan.

use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::Statement;
use domain::Result;

use super::failure::failure;
use super::statement::QueryStatement;

/// The plan of a statement over the session's tables, its names resolved and its types coerced.
/// [`domain::ErrorKind::Invalid`] for unknown columns and functions and for types that do not fit.
pub(crate) async fn plan(state: &SessionState, statement: QueryStatement) -> Result<LogicalPlan> {
    let statement = Statement::Statement(Box::new(statement.into_ast()));
    let plan = state.statement_to_plan(statement).await.map_err(failure)?;
    state.analyzer().execute_and_check(plan, state.config_options(), |_, _| {}).map_err(failure)
}
