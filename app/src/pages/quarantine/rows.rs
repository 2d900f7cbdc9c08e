//! The rejected rows of one run.

use domain::access::Permission;
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use leptos_router::params::ParamsMap;

use super::facets::{Chosen, facets};
use super::table::rows_view;
use super::trial::{replay_button, trial_card};
use super::words::file_name;
use crate::api::quarantine::{RejectedRows, RejectingRun, RunQuarantine};
use crate::api::{Problem, get};
use crate::components::{Card, PageHeader, Stat, loaded, run_status};
use crate::format::{count, share};
use crate::live::use_live;
use crate::place::{in_environment, may, use_environment};

/// The page.
pub(crate) fn rejected_rows() -> impl IntoView {
    let (environment, params) = (use_environment(), use_params_map());
    let run = Memo::new(move |_| params.get().get("run").unwrap_or_default());
    let path = move |rest: &str| {
        in_environment(&environment.get(), &format!("/quarantine/{}{rest}", run.get()))
    };
    let held = Resource::new(move || path(""), get::<RunQuarantine>);
    use_live(move |changed, _| {
        if changed == run.get_untracked() {
            held.refetch();
        }
    });
    let query = use_query_map();
    let chosen = Memo::new(move |_| Chosen::of(&query.get()));
    let rows_path = move || path(&format!("/rows{}", rows_query(&query.get())));
    // Raw text may hold personal data; who may not see it does not ask for it.
    let rows = may(Permission::ViewQuarantine)
        .get_untracked()
        .then(|| Resource::new(rows_path, get::<RejectedRows>));
    let crumbs =
        vec![(format!("/{}/quarantine", environment.get_untracked()), "Quarantine".to_owned())];
    view! {
        <PageHeader title="Rejected rows" crumbs=crumbs />
        {loaded(held, 6, move |held| page(held, environment.get_untracked(), chosen, rows))}
    }
}

type Rows = Option<Resource<Result<RejectedRows, Problem>>>;

/// The filter and the place in the list, as the API takes them.
fn rows_query(query: &ParamsMap) -> String {
    let rest = Chosen::of(query).query();
    match query.get("after").filter(|after| after.parse::<u64>().is_ok()) {
        Some(after) if rest.is_empty() => format!("?after={after}"),
        Some(after) => format!("{rest}&after={after}"),
        None => rest,
    }
}

fn page(held: RunQuarantine, environment: String, chosen: Memo<Chosen>, rows: Rows) -> AnyView {
    let RunQuarantine { run, rows_kept, source } = held;
    let base = format!("/{environment}/quarantine/{}", run.id);
    let summary = summary(&run, &environment);
    if rows_kept == 0 {
        return view! {
            {summary}
            <p class="notice" data-tone="wait">
                "The rows were counted and not kept: the source's policy was to skip them, or the run was cleaned up. Set the policy to quarantine and replay to see them."
            </p>
        }
        .into_any();
    }
    let kinds = StoredValue::new(run.kinds.clone());
    let side = move || kinds.with_value(|kinds| facets(kinds, &chosen.get(), &base));
    let seen = rows.is_some();
    let rows = match rows {
        Some(rows) => view! {
            <Card title="Rows" note="Open a row to see all of its text.">
                {loaded(rows, 10, rows_view)}
            </Card>
        }
        .into_any(),
        None => view! {
            <p class="notice">"Your role shows how many rows were rejected and why, and not their raw text: it may hold personal data. An engineer or approver can open it."</p>
        }
        .into_any(),
    };
    let trial = source
        .filter(|_| seen)
        .map(|source| trial_card(environment.clone(), run.clone(), source, kinds, chosen));
    let jump = trial.is_some().then(|| {
        view! { <a class="button button-small" href="#trial">"Test an edited source"</a> }
    });
    view! {
        {summary}
        <div class="quarantine-layout">
            <nav class="facets card" aria-label="Kinds of rejected rows">{side}{jump}</nav>
            <div class="stack">{rows}{trial}</div>
        </div>
    }
    .into_any()
}

fn summary(run: &RejectingRun, environment: &str) -> AnyView {
    let (key, id) = (run.key.clone(), run.id.to_string());
    let run_path = format!("/{environment}/runs/{id}");
    let source_path = format!("/{environment}/sources/{}", run.dataset);
    let newer = run.newer.map(|newer| {
        let path = format!("/{environment}/runs/{newer}");
        view! { <p class="notice" data-tone="good">"The same file was run again later. "<a href=path>"See that run"</a>": what was rejected here may be in the table by now."</p> }
    });
    let name = file_name(&key);
    view! {
        <div class="stack quarantine-summary">
            <div class="row">
                <strong class="file" title=key>{name}</strong>
                {run_status(run.status)}
                <a href=run_path>"Run"</a>
                <a href=source_path>{run.dataset.to_string()}</a>
                <span class="grow"></span>
                {replay_button(environment.to_owned(), run)}
            </div>
            {newer}
            <dl class="stats">
                <Stat label="Rejected" value=count(run.rows_rejected) />
                <Stat label="Rows read" value=count(run.rows_read) />
                <Stat label="Share" value=share(run.rows_rejected, run.rows_read) />
            </dl>
        </div>
    }
    .into_any()
}
