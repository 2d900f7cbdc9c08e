//! The list of transformations.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::api::transformations::{LatestRun, TestStanding, TransformationSummary, VersionSummary};
use crate::api::{Page, get};
use crate::components::{
    Empty, PageHeader, Pager, RelativeTime, icon, loaded, run_status, status_badge,
};
use crate::place::{in_environment, use_environment};

/// The page.
pub(crate) fn transformations() -> impl IntoView {
    let (environment, query) = (use_environment(), use_query_map());
    let page = Resource::new(
        move || (environment.get(), query.get().to_query_string()),
        |(environment, query)| {
            let path = in_environment(&environment, &format!("/transformations{query}"));
            get::<Page<TransformationSummary>>(path)
        },
    );
    let search = move || query.get().get("search").unwrap_or_default();
    let lineage = move || format!("/{}/lineage", environment.get());
    view! {
        <PageHeader title="Transformations" lead="The SQL that builds each purpose-built table: what runs, who wrote it, and what it reads.">
            <a class="button" href=lineage>{icon("lineage")}"Lineage"</a>
        </PageHeader>
        <form method="get" class="filters" role="search">
            <div class="field source-search">
                <label for="search">"Dataset, owner, table or SQL"</label>
                <input type="search" id="search" name="search" value=search autocomplete="off" />
            </div>
            <button type="submit" class="button">{icon("search")}"Find"</button>
        </form>
        {loaded(page, 8, move |page| {
            let here = environment.get_untracked();
            if page.items.is_empty() {
                return nothing(&here, &search());
            }
            let rows = page.items.into_iter().map(|item| row(&here, item)).collect_view();
            view! {
                <section class="card"><div class="table-scroll" tabindex="0" role="group" aria-label="Transformations"><table class="table">
                    <caption class="visually-hidden">"Transformations by dataset"</caption>
                    <thead><tr>
                        <th scope="col">"Dataset"</th><th scope="col" class="number">"Version"</th>
                        <th scope="col">"Last change"</th><th scope="col">"Each run reads"</th>
                        <th scope="col">"Tests"</th><th scope="col">"Last run"</th>
                        <th scope="col">"State"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table></div></section>
                <Pager next=page.next />
            }
            .into_any()
        })}
    }
}

fn row(here: &str, item: TransformationSummary) -> AnyView {
    let href = format!("/{here}/transformations/{}", item.dataset);
    let (state, reads) = match (&item.current, &item.standing.problem) {
        (None, _) => (status_badge("calm", "No SQL yet"), String::new()),
        (_, Some(_)) => (status_badge("bad", "Would not run"), String::new()),
        _ => (status_badge("good", "Ready"), reads(item.standing.whole_table_because.as_deref())),
    };
    let tests = match &item.current {
        Some(_) => tests(&format!("{href}?tab=tests"), item.tests),
        None => ().into_any(),
    };
    let run = item.last_run.map(|run| last_run(here, run, item.current.as_ref()));
    let version = item.current.as_ref().map(|current| current.version);
    let change = item.current.map(|current| {
        view! {
            {current.message}
            <span class="source-description">{current.author}", "<RelativeTime at=current.saved_at /></span>
        }
    });
    view! {
        <tr>
            <th scope="row"><a href=href>{item.dataset.to_string()}</a>
                <span class="source-description"><code>{item.purpose_built_table}</code></span></th>
            <td class="number">{version}</td>
            <td class="transformation-message">{change}</td>
            <td>{reads}</td>
            <td>{tests}</td>
            <td>{run}</td>
            <td>{state}{item.standing.problem.map(|why| view! { <span class="source-description">{why}</span> })}</td>
        </tr>
    }
    .into_any()
}

/// What the fixture tests of the version that runs say.
fn tests(href: &str, tests: TestStanding) -> AnyView {
    let (tone, text) = match (tests.cases, tests.failed) {
        (0, _) => return view! { <span class="muted">"none"</span> }.into_any(),
        (1, None) => ("calm", "1 not run yet".to_owned()),
        (cases, None) => ("calm", format!("{cases} not run yet")),
        (1, Some(0)) => ("good", "1 passes".to_owned()),
        (cases, Some(0)) => ("good", format!("{cases} pass")),
        (cases, Some(failed)) => ("bad", format!("{failed} of {cases} fail")),
    };
    let href = href.to_owned();
    view! { <a href=href>{status_badge(tone, text)}</a> }.into_any()
}

/// The newest run of the dataset; with the version it used when that is not the one that runs now.
fn last_run(here: &str, run: LatestRun, current: Option<&VersionSummary>) -> AnyView {
    let href = format!("/{here}/runs/{}", run.id);
    let other = run.version.filter(|used| current.is_some_and(|now| now.version != *used));
    let other = other.map(|used| format!(", with version {used}"));
    view! {
        <a href=href>{run_status(run.status)}</a>
        <span class="source-description"><RelativeTime at=run.at />{other}</span>
    }
    .into_any()
}

/// What a run reads, in a few words.
pub(super) fn reads(whole_table_because: Option<&str>) -> String {
    if whole_table_because.is_some() { "the whole table" } else { "the days it touches" }.to_owned()
}

fn nothing(here: &str, search: &str) -> AnyView {
    if !search.is_empty() {
        let all = format!("/{here}/transformations");
        return view! {
            <Empty title=format!("No transformation holds “{search}”")>
                <p>"Dataset, owner, tables and SQL were looked through."</p>
                <a class="button" href=all>"All transformations"</a>
            </Empty>
        }
        .into_any();
    }
    let register = format!("/{here}/sources/new");
    view! {
        <Empty title="No dataset is registered yet">
            <p>"A transformation builds the purpose-built table of a registered dataset."</p>
            <a class="button button-primary" href=register>{icon("plus")}"Register a source"</a>
        </Empty>
    }
    .into_any()
}
