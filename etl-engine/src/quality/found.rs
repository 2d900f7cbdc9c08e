//! What checking one rule found, before it is weighed by the rule's effect.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{SendableRecordBatchStream, execute_stream};
use domain::quality::{MOST_EXAMPLES, RuleOutcome, Verdict};
use domain::{Error, Result};
use futures::TryStreamExt;

use super::subject::Task;
use crate::query::cells::{TextRow, text_rows};
use crate::query::failure::{failure, read_failure};
use crate::query::reads::ReadLog;

/// Longest text of a value in an example, in letters.
const LONGEST_CELL: usize = 200;
/// Most values of an example.
pub(super) const MOST_CELLS: usize = 12;

/// What was found out about a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) checked: u64,
    pub(super) failing: u64,
    /// Said in place of the counts.
    pub(super) detail: Option<String>,
    pub(super) columns: Vec<String>,
    pub(super) examples: Vec<TextRow>,
    /// There was nothing to judge by.
    pub(super) skipped: bool,
}

impl Found {
    /// Nothing to judge by.
    pub(super) fn nothing(detail: impl Into<String>) -> Self {
        Self { skipped: true, detail: Some(detail.into()), ..Self::default() }
    }
}

/// The verdict on a rule. A rule that cannot be checked counts as broken: it promises something that
/// nobody knows to be so.
pub(super) fn weigh(task: &Task, found: Result<Found>) -> RuleOutcome {
    let (verdict, found) = match found {
        Ok(found) if found.skipped => (Verdict::Skipped, found),
        Ok(found) if found.failing == 0 => (Verdict::Passed, found),
        Ok(found) => (Verdict::broken(task.effect), found),
        Err(error) => {
            let detail = Some(format!("it cannot be checked: {}", error.message()));
            (Verdict::broken(task.effect), Found { detail, ..Found::default() })
        }
    };
    RuleOutcome {
        rule: task.rule.clone(),
        effect: task.effect,
        verdict,
        checked: found.checked,
        failing: found.failing,
        detail: found.detail,
        columns: found.columns,
        examples: found.examples,
    }
}

/// The rows of a plan as they come.
pub(super) async fn stream(
    state: &SessionState,
    plan: &LogicalPlan,
) -> Result<SendableRecordBatchStream> {
    let plan = state.create_physical_plan(plan).await.map_err(failure)?;
    execute_stream(plan, state.task_ctx()).map_err(failure)
}

/// The few rows of a plan.
pub(super) async fn collect(
    state: &SessionState,
    plan: &LogicalPlan,
    log: &Arc<ReadLog>,
) -> Result<Vec<RecordBatch>> {
    match stream(state, plan).await?.try_collect().await {
        Ok(batches) => Ok(batches),
        Err(error) => Err(read_failure(error, log).await),
    }
}

/// Adds rows to examples as long as there is room.
pub(super) fn take_examples(batch: &RecordBatch, examples: &mut Vec<TextRow>) -> Result<()> {
    let room = MOST_EXAMPLES.saturating_sub(examples.len()).min(batch.num_rows());
    let cells: Vec<_> = (0..batch.num_columns().min(MOST_CELLS)).collect();
    let batch = batch.slice(0, room).project(&cells).map_err(|error| {
        Error::internal("failing rows cannot be shown as text").with_source(error)
    })?;
    for row in text_rows(&batch)? {
        examples.push(row.into_iter().map(|cell| cell.map(short)).collect());
    }
    Ok(())
}

fn short(text: String) -> String {
    match text.char_indices().nth(LONGEST_CELL) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
