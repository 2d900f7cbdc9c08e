//! The report of a commit, from its execution.

use domain::pipeline::{Execution, ExecutionStatus, Stage, StageStatus};

use super::{CommitReport, MOST_SUMMARY, ReportState};

/// What is to be said of the commit of an execution. `link` is the page of the execution.
pub fn commit_report(execution: &Execution, link: &str) -> CommitReport {
    let (state, summary) = said(execution);
    CommitReport {
        commit: execution.commit.clone(),
        environment: execution.environment.clone(),
        state,
        summary: one_line(&summary),
        link: link.to_owned(),
    }
}

fn said(execution: &Execution) -> (ReportState, String) {
    use ReportState::{Error, Failure, Pending, Success};
    let environment = &execution.environment;
    match execution.status {
        ExecutionStatus::Queued => (Pending, "waits for its turn".to_owned()),
        ExecutionStatus::Running => (Pending, under_way(execution)),
        ExecutionStatus::AwaitingApproval => (Pending, "waits for approval".to_owned()),
        ExecutionStatus::Succeeded => (Success, format!("runs in {environment}")),
        ExecutionStatus::Failed => (Failure, failed(execution)),
        ExecutionStatus::Rejected => (Failure, "was rejected".to_owned()),
        ExecutionStatus::Expired => (Error, "nobody decided in time".to_owned()),
        ExecutionStatus::Cancelled => (Error, "was cancelled".to_owned()),
        ExecutionStatus::Superseded => (Error, "a newer one took its place".to_owned()),
    }
}

fn under_way(execution: &Execution) -> String {
    let running = execution.stages.iter().find(|record| record.status == StageStatus::Running);
    let words = |stage: Stage| match stage {
        Stage::Source => "looks at the commit",
        Stage::Build => "is built and checked",
        Stage::SelfMutate => "changes its pipeline",
        Stage::Assets => "collects its files",
        Stage::Plan => "is planned",
        Stage::Approval => "asks for approval",
        Stage::Deploy => "is deployed",
        Stage::Verify => "is verified",
    };
    running.map_or("is under way", |record| words(record.stage)).to_owned()
}

fn failed(execution: &Execution) -> String {
    let record = execution.stages.iter().find(|record| record.status == StageStatus::Failed);
    let Some(record) = record else { return "failed".to_owned() };
    match &record.note {
        Some(note) => format!("{} failed: {note}", record.stage),
        None => format!("{} failed", record.stage),
    }
}

/// One line that is not too long.
fn one_line(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= MOST_SUMMARY {
        return line;
    }
    line.chars().take(MOST_SUMMARY - 1).chain(['…']).collect()
}

#[cfg(test)]
pub(super) mod sample {
    //! Executions for tests.

    use domain::pipeline::{Cause, ExecutionId, StageRecord};

    use super::*;
    use crate::plan::sample::at;

    /// One that was pushed to dev, with a status.
    pub(crate) fn execution(status: ExecutionStatus) -> Execution {
        let waiting = |stage| StageRecord {
            stage,
            status: StageStatus::Waiting,
            started_at: None,
            ended_at: None,
            note: None,
        };
        Execution {
            id: ExecutionId::generate(),
            environment: "dev".parse().unwrap(),
            branch: "main".parse().unwrap(),
            commit: "ab".repeat(20).parse().unwrap(),
            cause: Cause::Push,
            requested_by: None,
            status,
            attempt: 1,
            stages: Stage::ALL.map(waiting).into(),
            step: None,
            cancel_requested: false,
            release: None,
            plan: None,
            expires_at: None,
            restarts: 0,
            superseded_by: None,
            created_at: at(0),
            ended_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sample::execution;
    use super::*;

    fn said_of(execution: &Execution) -> (ReportState, String) {
        let report = commit_report(execution, "https://sluice.example.org/x");
        assert_eq!((report.commit, report.environment.as_str()), (execution.commit.clone(), "dev"));
        (report.state, report.summary)
    }

    #[test]
    fn every_status_has_a_state_and_only_a_deployed_commit_is_a_success() {
        for status in ExecutionStatus::ALL {
            let (state, summary) = said_of(&execution(status));
            assert_eq!(state == ReportState::Success, status == ExecutionStatus::Succeeded);
            assert_eq!(state == ReportState::Pending, !status.is_terminal(), "{status}");
            assert!(!summary.is_empty() && !summary.ends_with('.'), "{summary}");
        }
    }

    #[test]
    fn a_stage_that_failed_says_why_in_one_short_line() {
        let mut failed = execution(ExecutionStatus::Failed);
        failed.stages[1].status = StageStatus::Failed;
        failed.stages[1].note = Some("sluice.toml:1:1:\n no  environment".into());
        let expected = "build failed: sluice.toml:1:1: no environment";
        assert_eq!(said_of(&failed), (ReportState::Failure, expected.to_owned()));
        failed.stages[1].note = Some("ü".repeat(500));
        let (_, summary) = said_of(&failed);
        assert_eq!(summary.chars().count(), MOST_SUMMARY);
        assert!(summary.ends_with("ü…"));
    }

    #[test]
    fn what_is_under_way_is_told_by_stage() {
        let mut running = execution(ExecutionStatus::Running);
        running.stages[4].status = StageStatus::Running;
        assert_eq!(said_of(&running), (ReportState::Pending, "is planned".to_owned()));
    }
}
