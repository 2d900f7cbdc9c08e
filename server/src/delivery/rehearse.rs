//! Rehearsal: old and new SQL of a plan over the same sample of the target's own data.

use app::api::transformations::{ColumnImpact, Impact, ImpactRequest};
use domain::plan::{ColumnDifference, Rehearsal, RehearsalOutcome, TextChange};
use domain::{Error, ErrorKind, Result};
use etl_engine::transformation::check::Severity;
use etl_engine::transformation::subject::Subject;
use tokio_util::sync::CancellationToken;

use crate::open_lake::OpenLake;
use crate::transformations::impact::impact;

/// Rehearses one changed transformation. That it cannot be done is an outcome, not an error; a store
/// or engine that is unavailable is one.
pub async fn rehearse(
    at: &OpenLake,
    change: &TextChange,
    cancel: &CancellationToken,
) -> Result<Rehearsal> {
    let outcome = match &change.after {
        None => not_compared("it is taken away", false),
        Some(sql) => of_sql(at, change, sql, cancel).await?,
    };
    Ok(Rehearsal { dataset: change.dataset.clone(), outcome })
}

async fn of_sql(
    at: &OpenLake,
    change: &TextChange,
    sql: &str,
    cancel: &CancellationToken,
) -> Result<RehearsalOutcome> {
    let subject = match Subject::of(&at.lake, &change.dataset).await {
        Ok(subject) => subject,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Ok(not_compared("its source is new here: there are no rows yet", false));
        }
        Err(error) => return Err(error),
    };
    let checked = subject.check(&at.lake, sql).await?;
    let wrong = checked.findings.iter().find(|found| found.severity == Severity::Error);
    if let Some(found) = wrong {
        let reason = format!("it does not run here: {}", found.message);
        return Ok(not_compared(reason, true));
    }
    let Some(base_version) = change.version else {
        return Ok(not_compared("it is new here: there is no old result", false));
    };
    let asked = ImpactRequest {
        sql: sql.to_owned(),
        base_version: Some(base_version),
        ..ImpactRequest::default()
    };
    match impact(at, &change.dataset, &asked, cancel).await {
        Ok(found) => Ok(compared(found)),
        Err(error) => told(error),
    }
}

/// What the comparison says about the SQL is an outcome.
fn told(error: Error) -> Result<RehearsalOutcome> {
    match error.kind() {
        ErrorKind::Invalid | ErrorKind::NotFound => Ok(not_compared(error.message(), false)),
        _ => Err(error),
    }
}

fn compared(found: Impact) -> RehearsalOutcome {
    let differs =
        |column: &ColumnImpact| column.differing > 0 || column.old_type != column.new_type;
    let columns = found.columns.into_iter().filter(differs).map(|column| ColumnDifference {
        column: column.name,
        before: column.old_type,
        after: column.new_type,
        changed: column.differing,
    });
    RehearsalOutcome::Compared {
        partitions: found.sampled.partitions,
        added: found.rows.added,
        removed: found.rows.removed,
        changed: found.rows.changed,
        same: found.rows.unchanged,
        columns: columns.collect(),
    }
}

fn not_compared(reason: impl Into<String>, fails: bool) -> RehearsalOutcome {
    RehearsalOutcome::NotCompared { reason: reason.into(), fails }
}
