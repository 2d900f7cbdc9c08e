//! The lake at a glance: zones, the last days, what failed, what waits, the datasets.

mod begin;
mod chart;
mod datasets;
mod delivery;
mod quality;
mod zones;

use domain::run::RunStatus;
use leptos::prelude::*;

use crate::api::get;
use crate::api::overview::Overview;
use crate::api::runs::RunSummary;
use crate::components::{Card, PageHeader, RelativeTime, loaded, run_status};
use crate::format;
use crate::live::{refresh, use_live};
use crate::pages::runs::{register_link, run_link};
use crate::place::{in_environment, use_environment};

/// The page.
pub(crate) fn overview() -> impl IntoView {
    let environment = use_environment();
    let path = Memo::new(move |_| in_environment(&environment.get(), "/overview"));
    let data = Resource::new(move || path.get(), get::<Overview>);
    use_live(move |_, _| refresh(data, path));
    let lanes = delivery::Delivery::new();
    let table_open = RwSignal::new(false);
    let show = move |overview: Overview| {
        let environment = environment.get_untracked();
        if overview.is_empty() {
            return begin::begin(&environment, &overview);
        }
        view! {
            <div class="stack">
                {zones::zones(&overview)}
                {chart::runs_by_day(&environment, &overview, table_open)}
                <div class="grid">
                    {failed(&environment, &overview)}
                    {waiting(&environment, &overview)}
                </div>
                {quality::quality(&environment, &overview)}
                {datasets::datasets(&environment, overview)}
            </div>
        }
        .into_any()
    };
    view! {
        <PageHeader title="Overview" lead=Signal::derive(move || Some(format!("The lake in {}, as it is now.", environment.get()))) />
        {lanes.view()}
        {loaded(data, 12, show)}
    }
}

fn failed(environment: &str, overview: &Overview) -> AnyView {
    let total = runs_with(overview, &[RunStatus::Failed]);
    let all = format!("/{environment}/runs?status=FAILED");
    if overview.failed.is_empty() {
        return view! { <Card title="What failed"><p class="muted">"Nothing: every run that ended did its work."</p></Card> }.into_any();
    }
    let items = overview.failed.iter().map(|run| entry(environment, run)).collect_view();
    view! {
        <Card title="What failed" note=format!("{} in all", format::count(total))>
            <ul class="entries">{items}</ul>
            <p class="entries-more"><a href=all>"All failed runs"</a></p>
        </Card>
    }
    .into_any()
}

fn waiting(environment: &str, overview: &Overview) -> AnyView {
    let open = runs_with(overview, &[RunStatus::Queued, RunStatus::Running]);
    let held = runs_with(overview, &[RunStatus::Held]);
    if overview.held.is_empty() && overview.open.is_empty() {
        return view! { <Card title="What waits"><p class="muted">"Nothing: all that arrived was worked on."</p></Card> }.into_any();
    }
    let held_items = overview.held.iter().map(|run| held_entry(environment, run)).collect_view();
    let open_items = overview.open.iter().map(|run| entry(environment, run)).collect_view();
    let note = format!("{} under way, {} held", format::count(open), format::count(held));
    let all = format!("/{environment}/runs?status=QUEUED&status=RUNNING&status=HELD");
    view! {
        <Card title="What waits" note=note>
            <ul class="entries">{held_items}{open_items}</ul>
            <p class="entries-more"><a href=all>"All that waits"</a></p>
        </Card>
    }
    .into_any()
}

fn entry(environment: &str, run: &RunSummary) -> AnyView {
    let why = run
        .failure
        .clone()
        .map(|why| view! { <p class="run-why" title=why.clone()>{why.clone()}</p> });
    view! {
        <li>
            <div class="row">
                {run_status(run.status)}
                <a href=run_link(environment, run.id)>{run.file().to_owned()}</a>
                <span class="muted">{run.dataset.to_string()}</span>
                <span class="muted entries-end"><RelativeTime at=run.created_at /></span>
            </div>
            {why}
        </li>
    }
    .into_any()
}

/// A held run says what would let it go on.
fn held_entry(environment: &str, run: &RunSummary) -> AnyView {
    let (dataset, href) = (run.dataset.to_string(), register_link(environment, run));
    view! {
        <li>
            <div class="row">
                {run_status(run.status)}
                <a href=run_link(environment, run.id)>{run.file().to_owned()}</a>
                <span class="muted">{dataset}" is not registered"</span>
                <a class="button button-small entries-end" href=href>"Register this source"</a>
            </div>
        </li>
    }
    .into_any()
}

fn runs_with(overview: &Overview, statuses: &[RunStatus]) -> u64 {
    let counts = overview.statuses.iter().filter(|count| statuses.contains(&count.status));
    counts.map(|count| count.runs).sum()
}
