//! The pipelines: the lanes with what can be done to them, and the executions of one environment.

use std::time::Duration;

use domain::pipeline::ExecutionStatus;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;

use super::lane_actions::{LaneActions, dialogs};
use crate::api::delivery::{ExecutionSummary, Lanes};
use crate::api::{Page, get};
use crate::components::{
    CopyButton, Empty, PageHeader, Pager, RelativeTime, cause_words, execution_link,
    execution_status, icon, lanes, loaded, short,
};
use crate::live::{poll, refresh};
use crate::place::{in_environment, use_environment};

/// Pauses between two looks.
const LOOK: Duration = Duration::from_secs(2);

/// The page.
pub(crate) fn pipelines() -> impl IntoView {
    let (environment, query) = (use_environment(), use_query_map());
    let path = Memo::new(move |_| {
        let query = query.with(|query| asked(query).to_query_string());
        in_environment(&environment.get(), &format!("/executions{query}"))
    });
    let lanes_path = Memo::new(move |_| in_environment(&environment.get(), "/lanes"));
    let side_by_side = Resource::new(move || lanes_path.get(), get::<Lanes>);
    let list = Resource::new(move || path.get(), get::<Page<ExecutionSummary>>);
    let look_again = move || {
        refresh(side_by_side, lanes_path);
        refresh(list, path);
    };
    poll(LOOK, || true, look_again);
    let todo = LaneActions::new(environment, look_again);
    let show = move |page: Page<ExecutionSummary>| {
        let filtered = query.with_untracked(|query| query.get("status").is_some());
        match page.items.is_empty() {
            true => nothing(&environment.get_untracked(), filtered),
            false => table(page),
        }
    };
    let compare = move || format!("/{}/compare", environment.get());
    let history = move || format!("/{}/deployments", environment.get());
    view! {
        <PageHeader title="Pipelines" lead="From branch to environment: what is delivered where, and what could move on. The page follows what happens.">
            <a class="button" href=history>"History"</a>
            <a class="button" href=compare>"Compare"</a>
            {super::lane_actions::start_button(todo)}
        </PageHeader>
        {loaded(side_by_side, 8, move |found| side_by_side_view(found, todo))}
        <section class="stack delivery-list" aria-labelledby="executions-title">
            <h2 id="executions-title">{move || format!("Executions in {}", environment.get())}</h2>
            {move || query.with(questions)}
            {loaded(list, 8, show)}
        </section>
        {dialogs(todo)}
    }
}

fn side_by_side_view(found: Lanes, todo: LaneActions) -> AnyView {
    let repository = found.repository.clone().map(|address| {
        let copied = address.clone();
        view! {
            <p class="row muted lanes-note">"Lake repository, to push to: "<code class="lanes-repository">{address}</code>
                <CopyButton label="Copy" text=copied /></p>
        }
    });
    if found.lanes.is_empty() {
        return view! {
            <Empty title="This lake delivers nowhere yet">
                <p>"Its repository holds no "<code>"sluice.toml"</code>", which says what branch is delivered to what environment. Make one with "<code>"sluice init"</code>" and push it."</p>
                {repository}
            </Empty>
        }
        .into_any();
    }
    todo.wanted_by_address(&found);
    let lanes = lanes(&found, &move |lane| super::lane_actions::buttons(lane, todo));
    view! { {lanes}{repository} }.into_any()
}

/// The part of the address that the list of executions knows.
fn asked(query: &ParamsMap) -> ParamsMap {
    let mut known = ParamsMap::new();
    for name in ["status", "after"] {
        if let Some(value) = query.get(name) {
            known.insert(name, value);
        }
    }
    known
}

const QUESTIONS: [(&str, Option<ExecutionStatus>); 10] = [
    ("Everything", None),
    ("Waits for approval", Some(ExecutionStatus::AwaitingApproval)),
    ("Running", Some(ExecutionStatus::Running)),
    ("Queued", Some(ExecutionStatus::Queued)),
    ("Succeeded", Some(ExecutionStatus::Succeeded)),
    ("Failed", Some(ExecutionStatus::Failed)),
    ("Rejected", Some(ExecutionStatus::Rejected)),
    ("Superseded", Some(ExecutionStatus::Superseded)),
    ("Cancelled", Some(ExecutionStatus::Cancelled)),
    ("Expired", Some(ExecutionStatus::Expired)),
];

fn questions(query: &ParamsMap) -> AnyView {
    let now = query.get("status").unwrap_or_default();
    let links = QUESTIONS.map(|(text, status)| {
        let wanted = status.map(ExecutionStatus::as_str).unwrap_or_default();
        let href = if wanted.is_empty() { "?".to_owned() } else { format!("?status={wanted}") };
        view! { <a href=href aria-current=(now == wanted).then_some("page")>{text}</a> }
    });
    view! { <nav class="tabs" aria-label="Frequent questions">{links}</nav> }.into_any()
}

fn table(page: Page<ExecutionSummary>) -> AnyView {
    let rows = page.items.into_iter().map(row).collect_view();
    view! {
        <section class="card"><div class="table-scroll" tabindex="0" role="region" aria-label="Executions"><table class="table execution-table">
            <caption class="visually-hidden">"Executions, newest first"</caption>
            <thead><tr>
                <th scope="col">"Status"</th><th scope="col">"Commit"</th><th scope="col">"Author"</th>
                <th scope="col">"Started by"</th><th scope="col">"Asked for"</th><th scope="col">"Ended"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table></div></section>
        <Pager next=page.next />
    }
    .into_any()
}

fn row(execution: ExecutionSummary) -> AnyView {
    let href = execution_link(&execution);
    let waits = execution.status == ExecutionStatus::AwaitingApproval;
    let plan = waits.then(|| {
        let plan = format!("{href}/plan");
        view! { " "<a class="button button-small" href=plan>"Review the plan"</a> }
    });
    let note = execution.note.clone().filter(|_| !waits);
    let note = note.map(|note| view! { <p class="run-why" title=note.clone()>{note.clone()}</p> });
    let by = execution.requested_by.clone();
    let by = by.map(|by| view! { <span class="source-description">{by}</span> });
    let (commit, status) = (execution.commit.clone(), execution_status(&execution));
    view! {
        <tr>
            <td class="nowrap"><a class="quiet" href=href.clone()>{status}</a></td>
            <td class="execution-commit"><code title=commit.id.clone()>{short(&commit.id)}</code>" "
                <a href=href>{commit.summary}</a>{plan}{note}</td>
            <td>{commit.author}</td>
            <td>{cause_words(&execution.cause)}{by}</td>
            <td class="nowrap"><RelativeTime at=execution.created_at /></td>
            <td class="nowrap">{execution.ended_at.map(|at| view! { <RelativeTime at=at /> })}</td>
        </tr>
    }
    .into_any()
}

fn nothing(environment: &str, filtered: bool) -> AnyView {
    if filtered {
        return view! {
            <Empty title="No execution stands there"><p><a href="?">"Show all executions"</a></p></Empty>
        }
        .into_any();
    }
    let transformations = format!("/{environment}/transformations");
    view! {
        <Empty title="Nothing was delivered here yet">
            <p>"A push to the branch of this environment starts its pipeline; so does saving SQL in the first one."</p>
            <a class="button" href=transformations>{icon("transformations")}"Transformations"</a>
        </Empty>
    }
    .into_any()
}
