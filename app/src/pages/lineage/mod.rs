//! Lineage of the whole lake.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::components::{PageHeader, icon, lineage_graph};
use crate::place::use_environment;

/// The page.
pub(crate) fn lineage() -> impl IntoView {
    let (environment, query) = (use_environment(), use_query_map());
    let search = move || query.get().get("search").unwrap_or_default();
    let narrowed = move || {
        let query = query.get();
        query.get("focus").is_some()
            || query.get("version").is_some()
            || query.get("search").is_some_and(|text| !text.is_empty())
    };
    let all = move || {
        let href = format!("/{}/lineage", environment.get());
        narrowed().then(|| view! { <a class="button" href=href>"Whole lake"</a> })
    };
    let crumbs = vec![(
        format!("/{}/transformations", environment.get_untracked()),
        "Transformations".to_owned(),
    )];
    view! {
        <PageHeader title="Lineage" crumbs=crumbs
            lead="Which column comes from which: raw files, conformed tables, purpose-built tables." />
        <form method="get" class="filters" role="search">
            <div class="field source-search">
                <label for="search">"Table or column"</label>
                <input type="search" id="search" name="search" value=search autocomplete="off" />
            </div>
            <button type="submit" class="button">{icon("search")}"Find"</button>
            {all}
        </form>
        {lineage_graph(environment)}
        <p class="lineage-legend muted"><span data-line="value"></span>"values" <span data-line="rows"></span>"only decides about rows: filters, joins, groups"</p>
    }
}
