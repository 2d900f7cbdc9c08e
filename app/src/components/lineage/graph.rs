//! The drawing: tables as boxes of links, edges between them.

use std::collections::{BTreeMap, BTreeSet};

use leptos::attr::custom::custom_attribute;
use leptos::prelude::*;

use super::Address;
use super::layout::{HEAD, Layout, Placed, ROW, WIDTH, layout};
use super::trace::{Focus, Table, Tie, Trace};
use crate::api::lineage::{LineageColumn, LineageGraph, LineageTable};

/// Room around the drawing.
const MARGIN: f64 = 8.0;

/// Draws the tables of `shown`.
pub(super) fn draw(
    graph: &LineageGraph,
    shown: &BTreeSet<Table>,
    focus: Option<&Focus>,
    trace: &Trace,
    address: &Address,
) -> AnyView {
    let placed = layout(graph, shown, focus, trace);
    let (width, height) = (placed.width + 2.0 * MARGIN, placed.height + 2.0 * MARGIN);
    let view_box = format!("{} {} {width} {height}", -MARGIN, -MARGIN);
    let edges = edges(graph, &placed, focus, trace);
    let ties = trace.columns();
    let on_way = trace.tables();
    let boxes: Vec<_> = placed
        .tables
        .iter()
        .map(|placed| {
            let near = focus.is_none_or(|f| f.table == placed.table || on_way.contains(&placed.table));
            let content = content(&graph.tables[placed.at], placed, focus, &ties, address);
            let dim = (!near).then_some("true");
            view! {
                <foreignObject x=placed.x.to_string() y=placed.y.to_string() width=WIDTH.to_string() height=placed.height.to_string() data-dim=dim>
                    {content}
                </foreignObject>
            }
            .into_any()
        })
        .collect();
    view! {
        <div class="lineage-scroll" tabindex="0" role="group" aria-label="Graph of tables">
            <svg class="lineage" viewBox=view_box width=width.to_string() height=height.to_string()>
                <g class="lineage-edges" aria-hidden="true">{edges}</g>
                {boxes}
            </svg>
        </div>
    }
    .into_any()
}

fn edges(graph: &LineageGraph, placed: &Layout, focus: Option<&Focus>, trace: &Trace) -> AnyView {
    let places: BTreeMap<&Table, &Placed> =
        placed.tables.iter().map(|placed| (&placed.table, placed)).collect();
    let column = |placed: &Placed, name: &str| {
        graph.tables[placed.at].columns.iter().position(|column| column.name == name)
    };
    // Edges that meet the same two places are one line: the strongest decides how it looks.
    let mut lines: BTreeMap<String, (bool, bool)> = BTreeMap::new();
    for (at, edge) in graph.edges.iter().enumerate() {
        let from = (edge.from.database.clone(), edge.from.table.clone());
        let to = (edge.to_database.clone(), edge.to_table.clone());
        let (Some(from), Some(to)) = (places.get(&from), places.get(&to)) else { continue };
        let begin = from.port(column(from, &edge.from.column));
        let end = to.port(edge.to_column.as_deref().and_then(|name| column(to, name)));
        let path = curve(from.x + WIDTH, begin, to.x, end);
        let dim = focus.is_some() && !trace.edges.contains(&at);
        let indirect = edge.kind.is_indirect();
        let line = lines.entry(path).or_insert((dim, indirect));
        *line = (line.0 && dim, line.1 && indirect);
    }
    // Those in focus are drawn last, above the others.
    let mut lines: Vec<_> = lines.into_iter().collect();
    lines.sort_by_key(|(_, (dim, _))| !dim);
    let lines = lines.into_iter().map(|(path, (dim, indirect))| {
        let lit = (focus.is_some() && !dim).then_some("true");
        view! {
            <path d=path data-dim=dim.then_some("true") data-lit=lit data-indirect=indirect.then_some("true")></path>
        }
        .into_any()
    });
    lines.collect_view().into_any()
}

fn curve(x1: f64, y1: f64, x2: f64, y2: f64) -> String {
    let bend = ((x2 - x1) / 2.0).max(30.0);
    format!("M{x1:.0} {y1:.0}C{:.0} {y1:.0} {:.0} {y2:.0} {x2:.0} {y2:.0}", x1 + bend, x2 - bend)
}

/// The inside of a table's box: HTML, so that names are cut where they are too long and every column
/// is a link.
fn content(
    table: &LineageTable,
    placed: &Placed,
    focus: Option<&Focus>,
    ties: &BTreeMap<(Table, String), Tie>,
    address: &Address,
) -> AnyView {
    let here = focus.filter(|focus| focus.table == placed.table);
    let own = here.is_some_and(|focus| focus.column.is_none());
    let href = address.of(&Focus::write(&placed.table, None));
    let rows: Vec<_> = placed
        .columns
        .iter()
        .map(|at| column(&table.columns[*at], placed, here, ties, address))
        .collect();
    let hidden = table.columns.len() - placed.columns.len();
    let note = match (table.columns.len(), hidden) {
        (all, hidden) if hidden == all => format!("{all} columns"),
        (_, 0) => String::new(),
        (all, hidden) => format!("{} of {all} columns", all - hidden),
    };
    let problem = table.problem.clone().map(|why| {
        view! { <span class="lineage-problem" title=why>"not known"</span> }
    });
    let earlier = table.earlier.as_ref().map(|_| {
        let version = table.version.unwrap_or_default();
        view! { <span class="lineage-earlier">{format!("version {version}, not running · ")}</span> }
    });
    let is_earlier = earlier.as_ref().map(|_| "true");
    let current = own.then_some("true");
    let id = own.then_some(super::FOCUSED);
    let (database, name) = (table.database.clone(), table.table.clone());
    let zone = table.zone.clone();
    let full = format!("{database}.{name}");
    view! {
        <div class="lineage-table" data-zone=zone data-focus=here.map(|_| "true") data-earlier=is_earlier>
            <a {..custom_attribute("noscroll", "")} class="lineage-head" id=id href=href title=full aria-current=current>
                <strong>{name}</strong><span class="lineage-note">{earlier}{database}{(!note.is_empty()).then(|| format!(" · {note}"))}{problem}</span>
            </a>
            {rows}
        </div>
    }
    .into_any()
}

fn column(
    column: &LineageColumn,
    placed: &Placed,
    here: Option<&Focus>,
    ties: &BTreeMap<(Table, String), Tie>,
    address: &Address,
) -> AnyView {
    let focused = here.is_some_and(|focus| focus.column.as_ref() == Some(&column.name));
    let tie = match ties.get(&(placed.table.clone(), column.name.clone())) {
        _ if focused => Some("focus"),
        Some(Tie::Value) => Some("value"),
        Some(Tie::Rows) => Some("rows"),
        None => None,
    };
    let href = address.of(&Focus::write(&placed.table, Some(&column.name)));
    let kind = column.column_type.clone().unwrap_or_default();
    let title = column.expression.clone().unwrap_or_else(|| column.name.clone());
    let id = focused.then_some(super::FOCUSED);
    let current = focused.then_some("true");
    view! {
        <a {..custom_attribute("noscroll", "")} class="lineage-column" id=id href=href title=title data-tie=tie aria-current=current>
            <span class="lineage-name">{column.name.clone()}</span><span class="lineage-type">{kind}</span>
        </a>
    }
    .into_any()
}

// The style sheet draws a head and a row as high as the layout thinks they are.
const _: () = assert!(HEAD == 40.0 && ROW == 24.0);
