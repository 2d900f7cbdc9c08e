//! The list of sources.

use domain::access::Permission;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::api::sources::SourceSummary;
use crate::api::{Page, get};
use crate::components::{
    Empty, PageHeader, Pager, RelativeTime, icon, loaded, run_status, status_badge,
};
use crate::format::{bytes, count};
use crate::place::{in_environment, may, use_environment};

/// The page.
pub(crate) fn sources() -> impl IntoView {
    let (environment, query) = (use_environment(), use_query_map());
    let page = Resource::new(
        move || (environment.get(), query.get().to_query_string()),
        |(environment, query)| {
            get::<Page<SourceSummary>>(in_environment(&environment, &format!("/sources{query}")))
        },
    );
    crate::live::use_live(move |_, _| page.refetch());
    let search = move || query.get().get("search").unwrap_or_default();
    let may_register = may(Permission::EditSources);
    let register = move || {
        may_register.get().then(|| {
            let href = format!("/{}/sources/new", environment.get());
            view! { <a class="button button-primary" href=href>{icon("plus")}"Register a source"</a> }
        })
    };
    view! {
        <PageHeader title="Sources" lead="Registered datasets: how their files are read, and how fresh they are.">
            {register}
        </PageHeader>
        <form method="get" class="filters" role="search">
            <div class="field source-search">
                <label for="search">"Dataset, owner or description"</label>
                <input type="search" id="search" name="search" value=search autocomplete="off" />
            </div>
            <button type="submit" class="button">{icon("search")}"Find"</button>
        </form>
        {loaded(page, 8, move |page| {
            let (here, search) = (environment.get_untracked(), search());
            if page.items.is_empty() {
                return nothing(&here, &search, may_register.get_untracked());
            }
            let rows = page.items.into_iter().map(|source| row(&here, source)).collect_view();
            view! {
                <section class="card"><div class="table-scroll"><table class="table">
                    <caption class="visually-hidden">"Registered sources"</caption>
                    <thead><tr>
                        <th scope="col">"Dataset"</th><th scope="col">"Owner"</th>
                        <th scope="col">"Format"</th><th scope="col" class="number">"Columns"</th>
                        <th scope="col" class="number">"Rows"</th><th scope="col" class="number">"Size"</th>
                        <th scope="col">"Last run"</th><th scope="col">"Last arrival"</th>
                        <th scope="col">"Fresh"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table></div></section>
                <Pager next=page.next />
            }
            .into_any()
        })}
    }
}

fn row(here: &str, source: SourceSummary) -> AnyView {
    let href = format!("/{here}/sources/{}", source.dataset);
    let last = source.last_run.as_ref();
    let status = match last {
        Some(run) => {
            let href = format!("/{here}/runs/{}", run.id);
            view! { <a href=href>{run_status(run.status)}</a> }.into_any()
        }
        None => status_badge("calm", "No arrival yet"),
    };
    view! {
        <tr>
            <th scope="row"><a href=href>{source.dataset.to_string()}</a>
                {source.description.map(|text| view! { <span class="source-description">{text}</span> })}</th>
            <td>{source.owner}</td>
            <td>{format_name(&source.format)}</td>
            <td class="number">{source.columns}</td>
            <td class="number">{count(source.size.rows)}</td>
            <td class="number">{bytes(source.size.bytes)}</td>
            <td>{status}</td>
            <td class="nowrap">{last.map(|run| view! { <RelativeTime at=run.landed_at /> })}</td>
            <td class="nowrap">{source.fresh_at.map(|at| view! { <RelativeTime at=at /> })}</td>
        </tr>
    }
    .into_any()
}

fn nothing(here: &str, search: &str, may_register: bool) -> AnyView {
    if !search.is_empty() {
        let all = format!("/{here}/sources");
        return view! {
            <Empty title=format!("No source holds “{search}”")>
                <p>"Dataset, owner and description were looked through."</p>
                <a class="button" href=all>"All sources"</a>
            </Empty>
        }
        .into_any();
    }
    let register = may_register.then(|| {
        let href = format!("/{here}/sources/new");
        view! { <a class="button button-primary" href=href>{icon("plus")}"Register a source"</a> }
    });
    view! {
        <Empty title="No source is registered yet">
            <p>"A source says how the files of a dataset are read. Start from a sample file: its format
                and its columns are proposed, you decide."</p>
            {register}
        </Empty>
    }
    .into_any()
}

/// A format as people call it.
pub(super) fn format_name(format: &str) -> &'static str {
    match format {
        "csv" => "CSV",
        "json_lines" => "JSON lines",
        _ => "Parquet",
    }
}
