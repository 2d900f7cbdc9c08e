//! Words and small pieces for executions, commits and digests.

use domain::pipeline::{Cause, ExecutionStatus, Stage};
use leptos::prelude::*;

use crate::api::delivery::{CommitShown, ExecutionSummary};
use crate::components::{RelativeTime, status_badge};

/// The first digits of a commit or a digest: enough for people to tell them apart.
pub fn short(id: &str) -> String {
    id.get(..8).unwrap_or(id).to_owned()
}

/// The address of an execution.
pub fn execution_link(execution: &ExecutionSummary) -> String {
    format!("/{}/pipelines/{}", execution.environment, execution.id)
}

/// Where an execution stands; one that is under way says in which stage.
pub fn execution_status(execution: &ExecutionSummary) -> AnyView {
    let (tone, text) = match execution.status {
        ExecutionStatus::Queued => ("wait", "Queued"),
        ExecutionStatus::Running => ("busy", "Running"),
        ExecutionStatus::AwaitingApproval => ("wait", "Waits for approval"),
        ExecutionStatus::Succeeded => ("good", "Succeeded"),
        ExecutionStatus::Failed => ("bad", "Failed"),
        ExecutionStatus::Rejected => ("bad", "Rejected"),
        ExecutionStatus::Expired => ("calm", "Expired"),
        ExecutionStatus::Cancelled => ("calm", "Cancelled"),
        ExecutionStatus::Superseded => ("calm", "Superseded"),
    };
    match execution.stage {
        Some(stage) if execution.status == ExecutionStatus::Running => {
            status_badge(tone, format!("{text}: {stage}"))
        }
        Some(stage) if execution.status == ExecutionStatus::Failed => {
            status_badge(tone, format!("{text} in {stage}"))
        }
        _ => status_badge(tone, text),
    }
}

/// What started an execution, in a few words.
pub fn cause_words(cause: &Cause) -> String {
    match cause {
        Cause::Push => "Push".to_owned(),
        Cause::Poll => "Push, found by looking".to_owned(),
        Cause::Manual => "Started by hand".to_owned(),
        Cause::Promotion { from } => format!("Promotion from {from}"),
        Cause::Rollback { .. } => "Rollback".to_owned(),
    }
}

/// A stage as a title.
pub fn stage_title(stage: Stage) -> &'static str {
    match stage {
        Stage::Source => "Source",
        Stage::Build => "Build",
        Stage::SelfMutate => "Self-mutate",
        Stage::Assets => "Assets",
        Stage::Plan => "Plan",
        Stage::Approval => "Approval",
        Stage::Deploy => "Deploy",
        Stage::Verify => "Verify",
    }
}

/// A commit: its digits, its message, who wrote it, when.
pub fn commit_line(commit: &CommitShown) -> AnyView {
    let id = commit.id.clone();
    view! {
        <code class="commit-id" title=id>{short(&commit.id)}</code>
        <span class="commit-text">{commit.summary.clone()}</span>
        <span class="muted">{commit.author.clone()}", "<RelativeTime at=commit.at /></span>
    }
    .into_any()
}
