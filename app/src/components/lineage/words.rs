//! The same in words: upstream and downstream of what is in focus, for readers of text.

use std::collections::BTreeMap;

use leptos::attr::custom::custom_attribute;
use leptos::prelude::*;

use super::Address;
use super::trace::{Focus, Step, Table, Tie, Trace};
use super::version;
use crate::api::lineage::{EdgeKind, LineageGraph, LineageTable};

/// The lists beneath the drawing.
pub(super) fn in_words(
    graph: &LineageGraph,
    focus: &Focus,
    trace: &Trace,
    address: &Address,
) -> AnyView {
    let table = graph
        .tables
        .iter()
        .find(|found| (&found.database, &found.table) == (&focus.table.0, &focus.table.1));
    let Some(table) = table else {
        return view! { <p class="notice" data-tone="wait">"What the address names is not in the graph: it may have been renamed or dropped."</p> }.into_any();
    };
    let column = focus
        .column
        .as_ref()
        .and_then(|name| table.columns.iter().find(|column| column.name == *name));
    let expression = column.and_then(|column| column.expression.clone());
    let expression = expression.map(|text| view! { <p>"Computed as "<code>{text}</code></p> });
    let version = table.version.map(|version| format!("version {version}"));
    let owner = table.owner.clone().map(|owner| format!("owner {owner}"));
    let about: Vec<_> = [Some(table.zone.clone()), version, owner].into_iter().flatten().collect();
    let title = Focus::write(&focus.table, focus.column.as_deref());
    let (up, down) = (&trace.upstream, &trace.downstream);
    let whole = focus.column.is_none();
    let chooser = version::chooser(table, address);
    // Of an earlier version the notice above says so.
    let problem = table.problem.clone().filter(|_| table.earlier.is_none());
    if focus.column.is_some() && column.is_none() && table.problem.is_none() {
        return without_column(table, focus, address);
    }
    // Where origins are not known, none would not be the same as nothing.
    let upstream = table.problem.is_none();
    let upstream =
        upstream.then(|| list("Upstream", "Nothing: it begins here.", up, whole, address));
    view! {
        <section class="lineage-words" aria-label="In words">
            <h2><code>{title}</code></h2>
            <p class="muted">{about.join(" · ")}</p>
            {chooser}
            {problem.map(|why| view! { <p class="notice" data-tone="wait">"Origins are not known: "{why}</p> })}
            {expression}
            <div class="grid">
                {upstream}
                {list("Downstream", "Nothing is built from it.", down, whole, address)}
            </div>
        </section>
    }
    .into_any()
}

/// A column that the table does not have, at least not in the version that is drawn.
fn without_column(table: &LineageTable, focus: &Focus, address: &Address) -> AnyView {
    let title = Focus::write(&focus.table, focus.column.as_deref());
    let name = focus.column.clone().unwrap_or_default();
    let text = match table.version {
        Some(version) => format!("Version {version} of this table has no column “{name}”."),
        None => format!("This table has no column “{name}”."),
    };
    let href = address.of(&Focus::write(&focus.table, None));
    view! {
        <section class="lineage-words" aria-label="In words">
            <h2><code>{title}</code></h2>
            {version::chooser(table, address)}
            <p class="notice" data-tone="wait">{text}" "<a href=href>"See all its columns"</a></p>
        </section>
    }
    .into_any()
}

fn list(
    title: &'static str,
    none: &'static str,
    steps: &[Step],
    whole: bool,
    address: &Address,
) -> AnyView {
    if steps.is_empty() {
        return view! { <div><h3>{title}</h3><p class="muted">{none}</p></div> }.into_any();
    }
    let mut tables: BTreeMap<usize, (Table, Vec<&Step>)> = BTreeMap::new();
    let mut order: Vec<&Table> = Vec::new();
    for step in steps {
        let at = order.iter().position(|table| **table == step.table).unwrap_or_else(|| {
            order.push(&step.table);
            order.len() - 1
        });
        tables.entry(at).or_insert_with(|| (step.table.clone(), Vec::new())).1.push(step);
    }
    let groups: Vec<_> =
        tables.into_values().map(|(table, steps)| group(&table, &steps, whole, address)).collect();
    view! { <div><h3>{title}</h3><ul class="lineage-list">{groups}</ul></div> }.into_any()
}

fn group(table: &Table, steps: &[&Step], whole: bool, address: &Address) -> AnyView {
    let href = address.of(&Focus::write(table, None));
    let name = Focus::write(table, None);
    let items = steps.iter().map(|step| {
        let told = told(step);
        let link = step.column.as_ref().map(|column| {
            let href = address.of(&Focus::write(table, Some(column)));
            view! { <a {..custom_attribute("noscroll", "")} href=href><code>{column.clone()}</code></a> }
        });
        let tie = (step.tie == Tie::Rows).then_some("rows");
        view! { <li data-tie=tie>{link}" "<span class="muted">{told}</span></li> }.into_any()
    });
    let items = (!whole).then(|| {
        let items: Vec<_> = items.collect();
        view! { <ul>{items}</ul> }
    });
    let number =
        whole.then(|| view! { <span class="muted">{format!(" {} columns", steps.len())}</span> });
    view! { <li><a {..custom_attribute("noscroll", "")} href=href><code>{name}</code></a>{number}{items}</li> }.into_any()
}

fn told(step: &Step) -> &'static str {
    if step.column.is_none() {
        return "decides which rows it has";
    }
    match (step.kind, step.tie) {
        (EdgeKind::Copied, Tie::Value) => "copied",
        (EdgeKind::Computed, Tie::Value) => "computed",
        (EdgeKind::Aggregated, Tie::Value) => "aggregated",
        (EdgeKind::Steers, _) => "decides which value is taken",
        (EdgeKind::Filters, _) => "decides which rows there are",
        (EdgeKind::Joins, _) => "rows are joined by it",
        (EdgeKind::Groups, _) => "rows are grouped by it",
        (_, Tie::Rows) => "only decides about rows",
    }
}
