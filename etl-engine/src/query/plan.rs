//! From an allowed statement to a checked logical plan.

use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;
use domain::Result;

use super::failure::failure;
use super::planning::plan_tree;
use super::statement::QueryStatement;

/// The plan of a statement over the session's tables, its names resolved and its types coerced.
/// [`domain::ErrorKind::Invalid`] for unknown columns and functions and for types that do not fit.
pub(crate) async fn plan(state: &SessionState, statement: QueryStatement) -> Result<LogicalPlan> {
    plan_tree(state, statement.into_ast()).await.map_err(failure)
}
