//! Checking all rules of a table: what can be told row by row in one pass over the columns that rules
//! name, the rest by a pass each.

use std::sync::Arc;

use datafusion::execution::session_state::SessionState;
use domain::partition::PARTITION_KEYS;
use domain::quality::{Check, RuleOutcome};
use domain::{Error, ErrorKind, Result};

use super::found::{Found, weigh};
use super::subject::{Subject, Task};
use super::{row_count, rows, unique};
use crate::query::reads::ReadLog;
use crate::query::session::{SessionLimits, session};

/// Checks every rule, in their order. [`ErrorKind::Unavailable`] when a file could not be read now:
/// check again. What is wrong with one rule is that rule's outcome.
pub async fn evaluate(subject: &Subject, limits: &SessionLimits) -> Result<Vec<RuleOutcome>> {
    let judge = Judge {
        subject,
        state: session(limits, Vec::new())?,
        log: Arc::new(ReadLog::default()),
        limits,
    };
    let missing: Vec<_> = subject.tasks.iter().map(|task| missing(task, subject)).collect();
    let sound = subject.tasks.iter().zip(&missing).filter(|(_, missing)| missing.is_none());
    let sound: Vec<_> = sound.map(|(task, _)| task).collect();
    let mut by_row = rows::check(&judge, &sound).await?.into_iter();
    let mut outcomes = Vec::with_capacity(subject.tasks.len());
    for (task, missing) in subject.tasks.iter().zip(missing) {
        let found = match (missing, &task.rule.check) {
            (Some(error), _) => Err(error),
            (None, Check::Unique { columns }) => unique::check(&judge, columns).await,
            (None, Check::RowCount { days, min_percent, max_percent }) => {
                row_count::check(&judge, *days, *min_percent, *max_percent).await
            }
            (None, Check::Sql { .. }) => match &task.select {
                Some(Ok(select)) => select.check(&judge).await,
                Some(Err(error)) => Err(error.clone()),
                None => Err(Error::internal("a rule by SQL came without its SELECT")),
            },
            _ => by_row.next().unwrap_or_else(|| Ok(Found::nothing("it was not checked"))),
        };
        outcomes.push(weigh(task, passing(found)?));
    }
    Ok(outcomes)
}

/// What the checks of one table share.
pub(super) struct Judge<'a> {
    pub(super) subject: &'a Subject,
    pub(super) state: SessionState,
    pub(super) log: Arc<ReadLog>,
    pub(super) limits: &'a SessionLimits,
}

/// A file that cannot be read just now, or a run that is cancelled, is no fault of the rule: it ends
/// the whole check.
pub(super) fn passing<T>(found: Result<T>) -> Result<Result<T>> {
    match found {
        Err(error) if error.kind().is_transient() || error.kind() == ErrorKind::Cancelled => {
            Err(error)
        }
        found => Ok(found),
    }
}

/// Says which column of a rule the table does not have.
fn missing(task: &Task, subject: &Subject) -> Option<Error> {
    let there = |name: &str| {
        PARTITION_KEYS.contains(&name) || subject.table.columns.iter().any(|c| c.name == name)
    };
    let columns = task.rule.check.columns();
    let missing = columns.into_iter().find(|column| !there(column))?;
    Some(Error::invalid(format!(
        "{} has no column {missing:?} any more; change the rule, or bring the column back",
        subject.table.name
    )))
}
