//! Lineage: which column comes from which, as a drawing and in words. What is looked at is in the
//! address, so that every view is a link and works without JavaScript.

mod graph;
mod layout;
mod trace;
mod version;
mod words;

use std::collections::BTreeSet;

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate, use_query_map};
use leptos_router::params::ParamsMap;

use self::trace::{Focus, Table, Trace};
use super::{Empty, loaded};
use crate::api::get;
use crate::api::lineage::LineageGraph;
use crate::place::in_environment;

/// Id of the link that is in focus: it gets the keyboard's focus back when the drawing changed.
const FOCUSED: &str = "lineage-focus";

/// Makes links that keep the rest of the address.
struct Address {
    path: String,
    query: ParamsMap,
    /// Goes to an address without loading the page anew.
    go: Callback<String>,
}

impl Address {
    fn of(&self, focus: &str) -> String {
        let mut query = self.query.clone();
        query.replace("focus", focus.to_owned());
        format!("{}{}", self.path, query.to_query_string())
    }
}

/// The graph around the table `database.table` that a dataset's transformation builds.
pub fn dataset_lineage(environment: Memo<String>, dataset: String, table: &str) -> AnyView {
    view_of(environment, Some((dataset, table.to_owned())))
}

/// The graph of the whole lake.
pub fn lineage_graph(environment: Memo<String>) -> AnyView {
    view_of(environment, None)
}

fn view_of(environment: Memo<String>, around: Option<(String, String)>) -> AnyView {
    let (path, query, go) = (use_location().pathname, use_query_map(), go());
    let (own, around) = around.unzip();
    let asked = move || version::question(&query.get(), own.as_deref());
    let graph = Resource::new(
        move || in_environment(&environment.get(), &format!("/lineage{}", asked())),
        get::<LineageGraph>,
    );
    give_focus_back(query);
    loaded(graph, 10, move |graph| {
        let around = around.clone();
        let drawn = move || {
            let address = Address { path: path.get(), query: query.get(), go };
            let asked = address.query.get("focus").or_else(|| around.clone());
            let search = address.query.get("search").unwrap_or_default();
            shown(
                &graph,
                asked.as_deref().and_then(Focus::parse),
                around.is_some(),
                &search,
                &address,
            )
        };
        view! { <div class="stack">{drawn}</div> }.into_any()
    })
}

fn shown(
    graph: &LineageGraph,
    focus: Option<Focus>,
    related_only: bool,
    search: &str,
    address: &Address,
) -> AnyView {
    if graph.tables.is_empty() {
        return view! {
            <Empty title="There is nothing to draw yet"><p>"Lineage begins with the first registered source."</p></Empty>
        }
        .into_any();
    }
    let trace = focus.as_ref().map(|focus| Trace::of(graph, focus)).unwrap_or_default();
    let tables = match (&focus, related_only) {
        (Some(focus), true) => related(graph, &focus.table),
        _ => found(graph, search),
    };
    if tables.is_empty() {
        return view! {
            <Empty title=format!("No table or column holds “{search}”")><p>"Databases, tables and columns were looked through."</p></Empty>
        }
        .into_any();
    }
    let words = focus.as_ref().map(|focus| words::in_words(graph, focus, &trace, address));
    let drawing = graph::draw(graph, &tables, focus.as_ref(), &trace, address);
    let hint = focus.is_none().then(|| {
        view! { <p class="muted">"Choose a table to see its columns, a column to see everything it comes from and goes to."</p> }
    });
    let notice = version::notice(graph, address);
    view! { {notice}{hint}{drawing}{words} }.into_any()
}

fn go() -> Callback<String> {
    let navigate = use_navigate();
    let stay = NavigateOptions { scroll: false, ..Default::default() };
    Callback::new(move |to: String| navigate(&to, stay.clone()))
}

/// A table with all that is connected with it.
fn related(graph: &LineageGraph, table: &Table) -> BTreeSet<Table> {
    let focus = Focus { table: table.clone(), column: None };
    let mut tables = Trace::of(graph, &focus).tables();
    tables.insert(table.clone());
    tables
}

/// Tables that hold the text in their name or in a column's, with all that is connected with them.
fn found(graph: &LineageGraph, search: &str) -> BTreeSet<Table> {
    let search = search.trim().to_lowercase();
    let holds = |text: &str| text.to_lowercase().contains(&search);
    let matching = graph.tables.iter().filter(|table| {
        holds(&table.database)
            || holds(&table.table)
            || table.columns.iter().any(|column| holds(&column.name))
    });
    let names = matching.map(|table| (table.database.clone(), table.table.clone()));
    if search.is_empty() {
        return names.collect();
    }
    names.flat_map(|table| related(graph, &table)).collect()
}

/// The drawing is made anew when something else is in focus; the keyboard stays where it was.
fn give_focus_back(query: Memo<ParamsMap>) {
    Effect::new(move |before: Option<Option<String>>| {
        let focus = query.get().get("focus");
        if before.is_some_and(|before| before != focus) {
            request_animation_frame(focus_link);
        }
        focus
    });
}

#[cfg(feature = "ssr")]
fn focus_link() {}

#[cfg(not(feature = "ssr"))]
fn focus_link() {
    use wasm_bindgen::JsCast;
    let link = document().get_element_by_id(FOCUSED);
    if let Some(link) = link.and_then(|link| link.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = link.focus();
    }
}
