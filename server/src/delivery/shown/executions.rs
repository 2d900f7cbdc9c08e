//! Executions as the API shows them.

use app::api::Page;
use app::api::delivery::{
    CommitShown, DecisionShown, ExecutionDetail, ExecutionLog, ExecutionSummary, LogEntry,
};
use domain::approval::Decision;
use domain::branch::{Commit, CommitId};
use domain::pipeline::{Execution, ExecutionId, ExecutionStatus, Stage, StageStatus};
use domain::{Error, ErrorKind, Result};
use infra_embedded::ExecutionFilter;
use jiff::Timestamp;

use crate::delivery::Delivery;

/// Most commits that are told.
const MOST_COMMITS: usize = 50;
/// Most lines of a log in one answer.
const MOST_LINES: usize = 1_000;

/// A commit as it is shown. One that is not there any more is named by its id alone.
pub(super) async fn commit(delivery: &Delivery, id: &CommitId) -> Result<CommitShown> {
    match delivery.repository.commit(id).await {
        Ok(found) => Ok(shown(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(CommitShown {
            id: id.to_string(),
            summary: "a commit that is not in the lake repository any more".to_owned(),
            author: String::new(),
            at: Timestamp::UNIX_EPOCH,
        }),
        Err(error) => Err(error),
    }
}

pub(super) fn shown(commit: Commit) -> CommitShown {
    CommitShown {
        id: commit.id.to_string(),
        summary: commit.summary().to_owned(),
        author: commit.author.name.clone(),
        at: commit.at,
    }
}

/// Commits that `from` has and `until` has not, newest first. An unknown `until` hides nothing.
pub(super) async fn commits(
    delivery: &Delivery,
    from: &CommitId,
    until: Option<&CommitId>,
    limit: usize,
) -> Result<Vec<CommitShown>> {
    let found = match delivery.repository.log(from, until, limit).await {
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        found => found?,
    };
    Ok(found.into_iter().map(shown).collect())
}

/// An execution in a list.
pub async fn summary(delivery: &Delivery, execution: &Execution) -> Result<ExecutionSummary> {
    let record = execution
        .stages
        .iter()
        .find(|record| !matches!(record.status, StageStatus::Succeeded | StageStatus::Skipped));
    let unfinished = execution.status != ExecutionStatus::Succeeded;
    let record = record.filter(|_| unfinished);
    Ok(ExecutionSummary {
        id: execution.id,
        environment: execution.environment.clone(),
        commit: commit(delivery, &execution.commit).await?,
        cause: execution.cause.clone(),
        requested_by: execution.requested_by.as_ref().map(|person| person.login.clone()),
        status: execution.status,
        stage: record.map(|record| record.stage),
        note: record.and_then(|record| record.note.clone()),
        created_at: execution.created_at,
        ended_at: execution.ended_at,
    })
}

/// A page of executions, newest first.
pub async fn list(delivery: &Delivery, filter: &ExecutionFilter) -> Result<Page<ExecutionSummary>> {
    // One more tells whether there is a next page.
    let one_more = ExecutionFilter { limit: filter.limit + 1, ..filter.clone() };
    let mut found = delivery.pipelines.list(&one_more).await?;
    let more = found.len() > filter.limit;
    found.truncate(filter.limit);
    let next = found.last().filter(|_| more).map(|execution| execution.id.to_string());
    let mut items = Vec::with_capacity(found.len());
    for execution in &found {
        items.push(summary(delivery, execution).await?);
    }
    Ok(Page { items, next })
}

/// All about an execution.
pub async fn detail(delivery: &Delivery, execution: &Execution) -> Result<ExecutionDetail> {
    let running = delivery.pipelines.environment(&execution.environment).await?.running;
    let until = running.map(|running| running.commit).filter(|commit| *commit != execution.commit);
    let decisions =
        delivery.pipelines.decisions(execution.id).await.or_else(Error::absent_as_empty)?;
    Ok(ExecutionDetail {
        summary: summary(delivery, execution).await?,
        branch: execution.branch.to_string(),
        stages: execution.stages.clone(),
        release: execution.release.as_ref().map(ToString::to_string),
        plan: execution.plan.as_ref().map(ToString::to_string),
        commits: commits(delivery, &execution.commit, until.as_ref(), MOST_COMMITS).await?,
        decisions: decisions.into_iter().map(decision).collect(),
        superseded_by: execution.superseded_by,
        can_cancel: !execution.status.is_terminal() && !execution.cancel_requested,
        can_retry: can_retry(execution),
    })
}

/// From the stage that failed, and from each before it.
fn can_retry(execution: &Execution) -> Vec<Stage> {
    use ExecutionStatus::{Cancelled, Expired, Failed, Rejected};
    if !matches!(execution.status, Failed | Cancelled | Expired | Rejected) {
        return Vec::new();
    }
    let failed = execution.stages.iter().find(|record| record.status == StageStatus::Failed);
    let last = failed.map_or(Stage::Source, |record| record.stage);
    Stage::ALL.into_iter().filter(|stage| *stage <= last && *stage != Stage::Approval).collect()
}

pub(super) fn decision(decision: Decision) -> DecisionShown {
    DecisionShown {
        plan: decision.plan.to_string(),
        by: decision.by.login,
        verdict: decision.verdict,
        reason: decision.reason,
        break_glass: decision.break_glass,
        at: decision.at,
    }
}

/// Lines of an execution's log after a cursor.
pub async fn log(delivery: &Delivery, id: ExecutionId, after: u64) -> Result<ExecutionLog> {
    let lines = delivery.pipelines.lines(id, after, MOST_LINES).await?;
    let cursor = lines.last().map_or(after, |line| line.sequence);
    let lines = lines.into_iter().map(|line| LogEntry {
        at: line.at,
        stage: line.stage,
        text: line.message,
    });
    Ok(ExecutionLog { lines: lines.collect(), cursor })
}
