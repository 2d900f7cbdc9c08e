//! The page: what was open is open again, and what the address names is opened.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::bar::bar;
use super::bench::{Bench, Side};
use super::history::history;
use super::result::result;
use super::saved::{save_dialog, saved};
use super::schema::schema;
use super::tabs::tabs;
use crate::api::queries::{QueryInfo, QueryTab, QueryTabs, ResultRows, SavedQuery};
use crate::api::transformations::SqlCatalog;
use crate::api::{Problem, get, get_some};
use crate::components::{EditorKeys, PageHeader, SqlEditor, failure, open_dialog, rows_skeleton};
use crate::place::{in_environment, use_environment};

/// The id of the editor in the document.
pub(super) const EDITOR: &str = "query-editor";

/// Something that the address may name.
type Named<T> = Resource<Option<Result<T, Problem>>>;

/// The page.
pub(crate) fn query() -> impl IntoView {
    let environment = use_environment();
    let asked = use_query_map();
    let path = move |rest: &str| in_environment(&environment.get(), rest);
    let open = Resource::new(move || path("/query-tabs"), get::<QueryTabs>);
    let catalog = Resource::new(move || path("/sql/catalog"), get::<SqlCatalog>);
    let query = named::<QueryInfo>(environment, asked, "query", "/queries/", "");
    let rows = named::<ResultRows>(environment, asked, "query", "/queries/", "/rows?limit=100");
    let linked = named::<SavedQuery>(environment, asked, "saved", "/saved-queries/", "");
    let body = move || {
        Suspend::new(async move {
            let open = match open.await {
                Ok(open) => open,
                Err(problem) => return failure(problem),
            };
            let (query, rows, linked) = (query.await, rows.await, linked.await);
            let refused =
                [query.as_ref().and_then(problem_of), linked.as_ref().and_then(problem_of)];
            let refused = refused.into_iter().flatten().map(failure).collect_view();
            let (query, linked) = (query.and_then(Result::ok), linked.and_then(Result::ok));
            let rows = rows.and_then(Result::ok).filter(|rows| !rows.columns.is_empty());
            let open = with_linked(open, query.as_ref(), linked.as_ref());
            let bench = Bench::new(environment, open, query);
            let known = catalog.await.ok();
            view! { {refused}{workbench(bench, known, rows)} }.into_any()
        })
    };
    view! {
        <PageHeader title="Query".to_owned() />
        <Transition fallback=move || rows_skeleton(10)>{body}</Transition>
    }
}

/// What the parameter `name` of the address names.
fn named<T>(
    environment: Memo<String>,
    asked: Memo<leptos_router::params::ParamsMap>,
    name: &'static str,
    before: &'static str,
    after: &'static str,
) -> Named<T>
where
    T: serde::Serialize + serde::de::DeserializeOwned + Clone + Send + Sync + 'static,
{
    let path = move || {
        let id = asked.with(|asked| asked.get(name)).filter(|id| is_id(id))?;
        Some(in_environment(&environment.get(), &format!("{before}{id}{after}")))
    };
    Resource::new(path, get_some)
}

/// Nothing else may get into an address of the API.
fn is_id(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|ch| ch.is_ascii_hexdigit() || ch == '-')
}

fn problem_of<T>(answer: &Result<T, Problem>) -> Option<Problem> {
    answer.as_ref().err().cloned()
}

/// The open tabs, with one for what the address names in front.
fn with_linked(
    mut open: QueryTabs,
    query: Option<&QueryInfo>,
    saved: Option<&SavedQuery>,
) -> QueryTabs {
    let next = open.tabs.iter().map(|tab| tab.id).max().unwrap_or_default() + 1;
    let found = open.tabs.iter().position(|tab| match (query, saved) {
        (Some(query), _) => tab.query == Some(query.id),
        (None, Some(saved)) => tab.saved.as_ref() == Some(&saved.id),
        (None, None) => false,
    });
    let tab = match (query, saved) {
        (Some(query), _) => QueryTab {
            id: next,
            title: format!("Query {next}"),
            sql: query.sql.clone(),
            query: Some(query.id),
            saved: None,
        },
        (None, Some(saved)) => QueryTab {
            id: next,
            title: saved.name.clone(),
            sql: saved.sql.clone(),
            query: None,
            saved: Some(saved.id.clone()),
        },
        (None, None) => return open,
    };
    let at = found.unwrap_or_else(|| {
        open.tabs.push(tab);
        open.tabs.len() - 1
    });
    open.selected = u32::try_from(at).unwrap_or_default();
    open
}

fn workbench(bench: Bench, known: Option<SqlCatalog>, first: Option<ResultRows>) -> AnyView {
    let catalog = known.as_ref().map(|known| serde_json::to_string(known).unwrap_or_default());
    let catalog = Signal::stored(catalog.unwrap_or_default());
    // What is typed belongs to the tab.
    Effect::new(move |before: Option<String>| {
        let sql = bench.sql.get();
        if before.is_some_and(|before| before != sql) {
            let typed = sql.clone();
            let same = bench.tab().is_some_and(|tab| tab.sql == typed);
            if !same {
                bench.edit(|tab| tab.sql = typed);
            }
        }
        sql
    });
    // What ran before the page was left is looked at again.
    Effect::new(move |_| {
        let tab = bench.tabs.with_untracked(|tabs| {
            tabs.iter().find(|tab| tab.id == bench.selected.get_untracked()).cloned()
        });
        if let Some((id, query)) = tab.and_then(|tab| Some((tab.id, tab.query?))) {
            bench.look(id, query);
        }
    });
    let keys = EditorKeys {
        run: Some(Callback::new(move |selection| bench.run(selection))),
        save: Some(Callback::new(move |()| open_dialog("save-query"))),
    };
    let side = move |side: Side, id: &'static str, text: &'static str| {
        view! {
            <button type="button" class="query-side-tab" aria-controls=id
                aria-pressed=move || (bench.side.get() == side).to_string()
                on:click=move |_| bench.side.set(side)>{text}</button>
        }
    };
    let hidden = move |side: Side| move || bench.side.get() != side;
    view! {
        <div class="query-layout">
            <aside class="query-side card" aria-label="Tables, saved queries and history">
                <div class="query-side-tabs" role="group" aria-label="Beside the editor">
                    {side(Side::Tables, "query-tables", "Tables")}
                    {side(Side::Saved, "query-saved", "Saved")}
                    {side(Side::History, "query-history", "History")}
                </div>
                <div id="query-tables" class="query-side-body" hidden=hidden(Side::Tables)>{schema(known)}</div>
                <div id="query-saved" class="query-side-body" hidden=hidden(Side::Saved)>{saved(bench)}</div>
                <div id="query-history" class="query-side-body" hidden=hidden(Side::History)>{history(bench)}</div>
            </aside>
            <div class="query-main">
                {tabs(bench)}
                <div class="query-editor card">
                    <SqlEditor id=EDITOR label="SQL of the query" sql=bench.sql catalog=catalog keys=keys />
                </div>
                {bar(bench)}
                {result(bench, first)}
            </div>
        </div>
        {save_dialog(bench)}
    }
    .into_any()
}
