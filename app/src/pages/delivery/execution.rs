//! One execution: its stages as they go, what they said, what people decided, what to do.

use std::time::Duration;

use domain::pipeline::{Cause, ExecutionStatus};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::actions::{Actions, actions, dialogs};
use super::log::Log;
use super::stages::stages;
use crate::api::delivery::{DecisionShown, ExecutionDetail};
use crate::api::get;
use crate::components::{
    Card, PageHeader, RelativeTime, cause_words, commit_list, execution_link, execution_status,
    loaded, short,
};
use crate::live::{poll, refresh};
use crate::place::{in_environment, use_environment};

/// Pauses between two looks while it goes on.
const LOOK: Duration = Duration::from_secs(2);

/// The page.
pub(crate) fn execution() -> impl IntoView {
    let (environment, params, query) = (use_environment(), use_params_map(), use_query_map());
    let id = Memo::new(move |_| params.with(|params| params.get("id").unwrap_or_default()));
    let path = Memo::new(move |_| {
        in_environment(&environment.get(), &format!("/executions/{}", id.get()))
    });
    let stage = Memo::new(move |_| query.with(|query| query.get("stage").unwrap_or_default()));
    let detail = Resource::new(move || path.get(), get::<ExecutionDetail>);
    let log = Log::new(path);
    let going = RwSignal::new(true);
    let look_again = move || {
        refresh(detail, path);
        log.more();
    };
    poll(LOOK, move || going.get(), look_again);
    let todo = Actions::new(path, look_again);
    let spoken = RwSignal::new(String::new());
    let show = move |detail: ExecutionDetail| {
        let ended = detail.summary.status.is_terminal();
        let status = status_sentence(&detail);
        Effect::new(move |_| {
            going.set(!ended);
            spoken.set(status.clone());
            // The last lines may have come after the last look.
            log.more();
        });
        let asked = stage.get();
        view! {
            {header(&detail, todo)}
            <div class="stack">
                {ending(&detail)}
                {stages(&detail, &asked)}
                {decisions(&detail.decisions)}
            </div>
        }
        .into_any()
    };
    view! {
        <p class="visually-hidden" role="status">{spoken}</p>
        {loaded(detail, 10, show)}
        <div class="run-log-place">{log.view(stage)}</div>
        {loaded(detail, 0, |detail| commits(&detail))}
        {dialogs(todo)}
    }
}

/// What a change of the page says aloud.
fn status_sentence(detail: &ExecutionDetail) -> String {
    let status = detail.summary.status.as_str().to_lowercase().replace('_', " ");
    match detail.summary.stage {
        Some(stage) => format!("Execution {status}, {stage}"),
        None => format!("Execution {status}"),
    }
}

fn header(detail: &ExecutionDetail, todo: Actions) -> AnyView {
    let run = &detail.summary;
    let crumbs = vec![(format!("/{}/pipelines", run.environment), "Pipelines".to_owned())];
    let by = run.requested_by.clone().map(|by| format!(" by {by}"));
    let reason = match &run.cause {
        Cause::Rollback { reason } => Some(format!(": “{reason}”")),
        _ => None,
    };
    let cause = format!(
        "{}{}{}",
        cause_words(&run.cause),
        by.unwrap_or_default(),
        reason.unwrap_or_default()
    );
    let commit = run.commit.clone();
    let release = detail.release.clone().map(|release| {
        view! { <span class="muted">"release "<code title=release.clone()>{short(&release)}</code></span> }
    });
    let plan = detail.plan.is_some().then(|| {
        let waits = run.status == ExecutionStatus::AwaitingApproval;
        let class = if waits { "button button-primary" } else { "button" };
        let text = if waits { "Review the plan" } else { "Plan" };
        view! { <a class=class href=format!("{}/plan", execution_link(run))>{text}</a> }
    });
    let buttons = actions(detail, todo);
    let (status, at) = (execution_status(run), run.created_at);
    let branch = detail.branch.clone();
    view! {
        <PageHeader title=commit.summary.clone() crumbs=crumbs>{plan}{buttons}</PageHeader>
        <p class="run-head row">
            {status}
            <span>{branch}" → "{run.environment.to_string()}</span>
            <code title=commit.id.clone()>{short(&commit.id)}</code>
            {release}
            <span class="muted">{cause}", "<RelativeTime at=at /></span>
            <code class="muted run-id">{run.id.to_string()}</code>
        </p>
    }
    .into_any()
}

/// Why it ended early, or what it waits for.
fn ending(detail: &ExecutionDetail) -> Option<AnyView> {
    let run = &detail.summary;
    let note = run.note.clone().unwrap_or_default();
    let next = detail.superseded_by.map(|next| {
        let href = format!("/{}/pipelines/{next}", run.environment);
        view! { <p><a href=href>"The execution that took its place"</a></p> }
    });
    let title = match run.status {
        ExecutionStatus::Failed => "Why it failed",
        ExecutionStatus::Rejected => "Somebody said no",
        ExecutionStatus::Expired => "Nobody decided in time",
        ExecutionStatus::Cancelled => "It was cancelled",
        ExecutionStatus::Superseded => "A newer push took its place",
        ExecutionStatus::AwaitingApproval => "It waits for people",
        _ if next.is_some() => "A newer push took its place",
        _ => return None,
    };
    let failed = run.status == ExecutionStatus::Failed;
    let class = if failed { "failure" } else { "notice" };
    let note = match run.status {
        // The plan says it all, in order.
        ExecutionStatus::AwaitingApproval => {
            let href = format!("{}/plan", execution_link(run));
            Some(view! { <p><a href=href>"The plan"</a>" says what would change, and why people have to decide."</p> }.into_any())
        }
        _ => (!note.is_empty()).then(|| view! { <p>{note}</p> }.into_any()),
    };
    let retry = (failed && !detail.can_retry.is_empty()).then(|| {
        view! { <p>"Retry goes on from a stage that you choose. Nothing was deployed that the log does not name."</p> }
    });
    Some(
        view! {
            <section class=class data-tone="wait" aria-label=title>
                <h2 class="failure-title">{title}</h2>
                {note}{retry}{next}
            </section>
        }
        .into_any(),
    )
}

fn decisions(decisions: &[DecisionShown]) -> Option<AnyView> {
    (!decisions.is_empty()).then(|| {
        let list = super::plan::decisions(decisions);
        view! { <Card title="Decisions">{list}</Card> }.into_any()
    })
}

fn commits(detail: &ExecutionDetail) -> AnyView {
    if detail.commits.is_empty() {
        return ().into_any();
    }
    let list = commit_list(&detail.commits, detail.commits.len() as u64);
    view! { <div class="run-log-place"><Card title="Commits" note="Since what runs there">{list}</Card></div> }
        .into_any()
}
