//! What can be done with the text, and what it would cost.

use leptos::prelude::*;

use super::bench::Bench;
use super::words::usd;
use crate::api::queries::{EstimateAnswer, FilteredQuery};
use crate::components::{failure_line, icon, open_dialog};
use crate::format;

/// The buttons below the editor, and the estimate.
pub(super) fn bar(bench: Bench) -> AnyView {
    let busy = Memo::new(move |_| bench.is_busy());
    let empty = Memo::new(move |_| bench.sql.with(|sql| sql.trim().is_empty()));
    let estimate = move || {
        bench.estimate.get().map(|answer| match answer {
            Ok(answer) => estimated(bench, answer),
            Err(problem) => failure_line(&problem),
        })
    };
    view! {
        <div class="query-bar">
            <button type="button" class="button button-primary" disabled=empty
                on:click=move |_| bench.run(String::new())>{icon("runs")}"Run"</button>
            <button type="button" class="button button-danger" disabled=move || !busy.get()
                on:click=move |_| bench.cancel()>{icon("cancel")}"Cancel"</button>
            <button type="button" class="button" disabled=empty
                on:click=move |_| bench.ask_estimate()>"Estimate"</button>
            <button type="button" class="button" disabled=empty
                on:click=move |_| open_dialog("save-query")>"Save…"</button>
            <span class="muted query-hint">"Ctrl Enter runs the selection, or all"</span>
        </div>
        <div role="status">{estimate}</div>
    }
    .into_any()
}

fn estimated(bench: Bench, answer: EstimateAnswer) -> AnyView {
    let tone = if answer.warning.is_some() { "wait" } else { "good" };
    let partitions = match answer.partitions_total {
        0 => String::new(),
        total => {
            format!(", {} of {} partitions", format::count(answer.partitions), format::count(total))
        }
    };
    let text = format!(
        "Reads {} in {} files{partitions}. In Athena at most about {} (5 USD per TB, 10 MB at least).",
        format::bytes(answer.bytes),
        format::count(answer.files),
        usd(answer.estimated_usd),
    );
    let rewrite = answer.rewrite.map(|rewrite| add_filter(bench, rewrite));
    view! {
        <div class="notice query-estimate" data-tone=tone>
            <p>{text}</p>
            {answer.warning.map(|warning| view! { <p>{warning}</p> })}
            {rewrite}
        </div>
    }
    .into_any()
}

fn add_filter(bench: Bench, rewrite: FilteredQuery) -> AnyView {
    let sql = rewrite.sql;
    let add = move |_| {
        bench.sql.set(sql.clone());
        bench.edit(|tab| tab.sql = sql.clone());
        bench.ask_estimate();
    };
    view! {
        <p class="row">
            <button type="button" class="button button-small" on:click=add>"Add partition filter"</button>
            <code>{rewrite.condition}</code>
        </p>
    }
    .into_any()
}
