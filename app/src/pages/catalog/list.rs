//! The list of tables, database by database.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::api::catalog::{CatalogList, DatabaseSummary, TableSummary};
use crate::api::get;
use crate::components::{Empty, PageHeader, Pager, RelativeTime, icon, loaded};
use crate::format::{bytes, count};
use crate::place::{in_environment, use_environment};

/// The page. What is searched for is the query of the address.
pub(crate) fn catalog() -> impl IntoView {
    let (environment, query) = (use_environment(), use_query_map());
    let path = Memo::new(move |_| {
        let query = query.with(|query| query.to_query_string());
        in_environment(&environment.get(), &format!("/catalog{query}"))
    });
    let list = Resource::new(move || path.get(), get::<CatalogList>);
    crate::live::use_live(move |_, _| crate::live::refresh(list, path));
    let asked =
        move |name: &'static str| query.with_untracked(|query| query.get(name)).unwrap_or_default();
    let lineage = move || format!("/{}/lineage", environment.get());
    view! {
        <PageHeader title="Catalog" lead="Tables of the conformed and the purpose-built zone: what they hold, what their columns mean, where they come from.">
            <a class="button" href=lineage>{icon("lineage")}"Lineage"</a>
        </PageHeader>
        {loaded(list, 8, move |list| {
            let (here, search, database) = (environment.get_untracked(), asked("search"), asked("database"));
            view! {
                {filters(&list.databases, &search, &database)}
                {tables(&here, list, !search.is_empty() || !database.is_empty())}
            }
            .into_any()
        })}
    }
}

fn filters(databases: &[DatabaseSummary], search: &str, chosen: &str) -> AnyView {
    let options = databases.iter().map(|database| {
        let (name, selected) = (database.name.clone(), database.name == chosen);
        let text = format!("{name} ({})", count(database.tables));
        view! { <option value=name selected=selected>{text}</option> }
    });
    view! {
        <form method="get" class="filters" role="search">
            <div class="field source-search">
                <label for="search">"Table, column or description"</label>
                <input type="search" id="search" name="search" value=search.to_owned() autocomplete="off" />
            </div>
            <div class="field">
                <label for="database">"Database"</label>
                <select id="database" name="database"><option value="">"All"</option>{options.collect_view()}</select>
            </div>
            <button type="submit" class="button">{icon("search")}"Find"</button>
        </form>
    }
    .into_any()
}

fn tables(here: &str, list: CatalogList, is_narrowed: bool) -> AnyView {
    if list.tables.items.is_empty() {
        return nothing(here, is_narrowed);
    }
    let mut items = list.tables.items.into_iter().peekable();
    let mut groups = Vec::new();
    while let Some(first) = items.next() {
        let database = first.database.clone();
        let mut rows = vec![row(here, first)];
        while let Some(other) = items.next_if(|other| other.database == database) {
            rows.push(row(here, other));
        }
        let whole = list.databases.iter().find(|summary| summary.name == database);
        groups.push(group(database, whole, rows));
    }
    view! { <div class="stack">{groups}</div><Pager next=list.tables.next /> }.into_any()
}

fn group(database: String, whole: Option<&DatabaseSummary>, rows: Vec<AnyView>) -> AnyView {
    let holds = whole.map(|whole| {
        let tables = if whole.tables == 1 { "table" } else { "tables" };
        let (number, rows) = (count(whole.tables), count(whole.rows));
        view! { <span class="muted">{format!("{number} {tables}, {rows} rows, {}", bytes(whole.bytes))}</span> }
    });
    let caption = format!("Tables of {database}");
    let label = caption.clone();
    view! {
        <section class="card">
            <header class="card-header"><h2><code>{database}</code></h2>{holds}</header>
            <div class="table-scroll" tabindex="0" role="group" aria-label=label><table class="table catalog-list">
                <caption class="visually-hidden">{caption}</caption>
                <thead><tr>
                    <th scope="col">"Table"</th><th scope="col">"Zone"</th>
                    <th scope="col" class="number">"Columns"</th><th scope="col" class="number">"Rows"</th>
                    <th scope="col" class="number">"Size"</th><th scope="col" class="number">"Days"</th>
                    <th scope="col">"Changed"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        </section>
    }
    .into_any()
}

fn row(here: &str, table: TableSummary) -> AnyView {
    let href = format!("/{here}/catalog/{}/{}", table.database, table.table);
    let found = (!table.found_in.is_empty()).then(|| {
        let found = format!("found in {}", table.found_in.join(", "));
        view! { <span class="source-description">{found}</span> }
    });
    let description = table
        .description
        .map(|text| view! { <span class="source-description catalog-description">{text}</span> });
    view! {
        <tr>
            <th scope="row"><a href=href>{table.table}</a>{description}{found}</th>
            <td class="nowrap">{table.zone}</td>
            <td class="number">{count(table.columns)}</td>
            <td class="number">{count(table.size.rows)}</td>
            <td class="number">{bytes(table.size.bytes)}</td>
            <td class="number">{count(table.size.partitions)}</td>
            <td class="nowrap">{match table.updated_at {
                Some(at) => view! { <RelativeTime at=at /> }.into_any(),
                None => view! { <span class="muted">"empty"</span> }.into_any(),
            }}</td>
        </tr>
    }
    .into_any()
}

fn nothing(here: &str, is_narrowed: bool) -> AnyView {
    if is_narrowed {
        let all = format!("/{here}/catalog");
        return view! {
            <Empty title="No table is like this">
                <p>"Names and descriptions of tables and of their columns were looked through."</p>
                <a class="button" href=all>"All tables"</a>
            </Empty>
        }
        .into_any();
    }
    let sources = format!("/{here}/sources");
    view! {
        <Empty title="The catalog is empty">
            <p>"A table appears here with the first file of its dataset."</p>
            <a class="button" href=sources>"Sources"</a>
        </Empty>
    }
    .into_any()
}
