//! What waits for a decision, in all environments that the reader sees.

use std::time::Duration;

use domain::access::Permission;
use domain::pipeline::ExecutionStatus;
use leptos::prelude::*;

use crate::api::delivery::ExecutionSummary;
use crate::api::{Page, Problem, get};
use crate::components::{
    Empty, PageHeader, RelativeTime, cause_words, commit_line, execution_link, loaded,
};
use crate::live::poll;
use crate::place::{in_environment, use_environment, use_me, use_rights};

/// Pauses between two looks.
const LOOK: Duration = Duration::from_secs(5);

/// The page.
pub(crate) fn approvals() -> impl IntoView {
    let (me, environment) = (use_me(), use_environment());
    let rights = use_rights();
    let seen = me
        .environments
        .into_iter()
        .filter(move |name| rights.allow(Permission::ViewLake, Some(name)));
    let seen: Vec<String> = seen.map(|name| name.to_string()).collect();
    let looks = RwSignal::new(0_u32);
    let waiting = Resource::new(
        move || (seen.clone(), looks.get()),
        |(environments, _)| waiting_in(environments),
    );
    poll(LOOK, || true, move || looks.update(|looks| *looks += 1));
    let show = move |found: Vec<ExecutionSummary>| {
        if found.is_empty() {
            let pipelines = format!("/{}/pipelines", environment.get_untracked());
            return view! {
                <Empty title="Nothing waits for a decision">
                    <p>"When an environment or a plan asks for approval, its execution stops and appears here."</p>
                    <a class="button" href=pipelines>"Pipelines"</a>
                </Empty>
            }
            .into_any();
        }
        let items = found.into_iter().map(item).collect_view();
        view! { <ul class="approvals">{items}</ul> }.into_any()
    };
    view! {
        <PageHeader title="Approvals" lead="Plans that wait for people, in all environments that you see." />
        {loaded(waiting, 6, show)}
    }
}

/// The executions that wait, environment after environment. The requests are made at once, while the
/// page's context is there.
fn waiting_in(
    environments: Vec<String>,
) -> impl Future<Output = Result<Vec<ExecutionSummary>, Problem>> + Send + 'static {
    let asked = format!("/executions?status={}", ExecutionStatus::AwaitingApproval);
    let ask = |name: &String| get::<Page<ExecutionSummary>>(in_environment(name, &asked));
    let answers: Vec<_> = environments.iter().map(ask).collect();
    async move {
        let mut found = Vec::new();
        for answer in answers {
            found.extend(answer.await?.items);
        }
        Ok(found)
    }
}

fn item(execution: ExecutionSummary) -> AnyView {
    let name = execution.environment.to_string();
    let (dot, href) = (name.clone(), execution_link(&execution));
    let plan = format!("{href}/plan");
    let by = execution.requested_by.clone().map(|by| format!(" by {by}")).unwrap_or_default();
    let what = format!("{}{by}", cause_words(&execution.cause));
    let note = execution
        .note
        .clone()
        .map(|note| view! { <p class="run-why">{super::plan::sentence(&note)}</p> });
    let label = format!("Review the plan for {name}");
    view! {
        <li class="card approval">
            <div class="approval-text">
                <p class="row"><span class="env-dot" data-env=dot></span><strong>{name}</strong>
                    <span class="muted">{what}", "<RelativeTime at=execution.created_at /></span></p>
                <p class="row commit">{commit_line(&execution.commit)}</p>
                {note}
            </div>
            <div class="actions">
                <a class="button" href=href>"Execution"</a>
                <a class="button button-primary" href=plan aria-label=label>"Review the plan"</a>
            </div>
        </li>
    }
    .into_any()
}
