//! A result of any length, on the custom element of `web/result-grid`: only the rows in sight are in
//! the document. Without JavaScript, and until the script has arrived, the first rows as a table.

use leptos::ev::CustomEvent;
use leptos::prelude::*;

use super::sql_editor::{detail, load_elements};
use crate::api::queries::{CellKind, ResultRows};

/// How the rows of a result are sorted and filtered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arranged {
    /// As the API takes it: `sort=-2&filter=…`; empty when the rows are as they came.
    pub query: String,
    /// Rows that fit the filters.
    pub rows: u64,
}

/// A result.
#[component]
pub fn ResultGrid(
    /// Its accessible name.
    label: &'static str,
    /// The address of its rows.
    path: String,
    /// How many rows there are by now.
    #[prop(into)]
    known: Signal<u64>,
    /// Its first rows, for readers without JavaScript.
    first: Option<ResultRows>,
    /// Is told how the reader arranges the rows.
    arranged: RwSignal<Arranged>,
) -> impl IntoView {
    Effect::new(|_| load_elements());
    let first = first.map(table);
    let rearranged = move |event: CustomEvent| {
        let rows = detail(&event, "total").parse().unwrap_or_default();
        let now = Arranged { query: detail(&event, "arrangement"), rows };
        if arranged.with_untracked(|before| *before != now) {
            arranged.set(now);
        }
    };
    view! {
        <result-grid class="result-grid" label=label prop:path=path prop:known=move || known.get() as f64
            on:grid-rows=rearranged>
            {first}
        </result-grid>
    }
}

/// Rows as a plain table.
fn table(rows: ResultRows) -> AnyView {
    let kinds: Vec<_> = rows.columns.iter().map(|column| column.kind).collect();
    let heads = rows.columns.into_iter().map(|column| view! { <th scope="col">{column.name}</th> });
    let heads = heads.collect_view();
    let cell = |(cell, kind): (Option<String>, &CellKind)| {
        let class = if *kind == CellKind::Number { "number" } else { "" };
        let text = cell.unwrap_or_else(|| "NULL".to_owned());
        view! { <td class=class>{text}</td> }
    };
    let row = |row: Vec<Option<String>>| {
        let cells = row.into_iter().zip(&kinds).map(cell).collect_view();
        view! { <tr>{cells}</tr> }
    };
    let rows = rows.rows.into_iter().map(row).collect_view();
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="First rows">
            <table class="table"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>
        </div>
    }
    .into_any()
}
