//! The list of runs: filtered by the address, kept fresh by events.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;

use super::filters::{form, is_filtered, questions};
use super::table::run_table;
use crate::api::runs::RunSummary;
use crate::api::{Page, get};
use crate::components::{Empty, PageHeader, loaded};
use crate::live::{refresh, use_live};
use crate::place::{in_environment, use_environment};

/// The page.
pub(crate) fn runs() -> impl IntoView {
    let (environment, query) = (use_environment(), use_query_map());
    let path = Memo::new(move |_| {
        let query = query.with(ParamsMap::to_query_string);
        in_environment(&environment.get(), &format!("/runs{query}"))
    });
    let list = Resource::new(move || path.get(), get::<Page<RunSummary>>);
    use_live(move |_, _| refresh(list, path));
    let show = move |page: Page<RunSummary>| {
        let (environment, query) = (environment.get_untracked(), query.get_untracked());
        if page.items.is_empty() {
            return nothing(&environment, &query);
        }
        let pager = pager(&query, &page);
        view! {
            <section class="card"><div class="card-body">{run_table(&environment, "Runs, newest first", page.items)}</div></section>
            {pager}
        }
        .into_any()
    };
    view! {
        <PageHeader title="Runs" lead="Every file on its way from raw to purpose-built. The list follows what happens." />
        {move || query.with(questions)}
        {move || query.with(form)}
        {loaded(list, 12, show)}
    }
}

/// Links to the pages beside this one, by the ids at its ends, so that they stay where they are when
/// new runs come.
fn pager(query: &ParamsMap, page: &Page<RunSummary>) -> AnyView {
    let link = |name: &'static str, id: String| {
        let mut query = query.clone();
        query.remove("after");
        query.remove("newer_than");
        query.insert(name, id);
        query.to_query_string()
    };
    let is_first = query.get("after").is_none() && query.get("newer_than").is_none();
    let first = page.items.first().filter(|_| !is_first);
    let newer = first.map(|run| {
        view! { <a class="button" rel="prev" href=link("newer_than", run.id.to_string())>"Newer"</a> }
    });
    let older = page.next.clone().map(|next| {
        view! { <a class="button" rel="next" href=link("after", next)>"Older"</a> }
    });
    view! { <nav class="pager" aria-label="Pages">{newer}{older}</nav> }.into_any()
}

fn nothing(environment: &str, query: &ParamsMap) -> AnyView {
    if is_filtered(query) {
        return view! {
            <Empty title="No run is like this">
                <p>"Ask for less: remove a filter, or look at a longer time."</p>
                <a class="button" href="?">"Show all runs"</a>
            </Empty>
        }
        .into_any();
    }
    let sources = format!("/{environment}/sources/new");
    view! {
        <Empty title="No file has arrived yet">
            <p>"Register a source, or drop a file into the raw zone at "<code>"<source_system>/<table>/"</code>": it appears here at once."</p>
            <a class="button button-primary" href=sources>"Register a source"</a>
        </Empty>
    }
    .into_any()
}
