//! What came of the query of the tab: state, rows, chart, comparison, export.

use domain::access::Permission;
use domain::query::QueryState;
use leptos::prelude::*;

use super::bench::{Bench, Shown};
use super::chart::chart;
use super::compare::comparison;
use super::words::{rows, state_word, usd};
use crate::api::queries::{QueryInfo, ResultRows};
use crate::components::{Empty, ResultGrid, icon, status_badge, toast};
use crate::format;
use crate::place::{in_environment, may};

/// The part of the page below the editor.
pub(super) fn result(bench: Bench, first: Option<ResultRows>) -> AnyView {
    let first = StoredValue::new(first);
    let known =
        Memo::new(move |_| bench.info.with(|info| info.as_ref().map_or(0, |info| info.rows)));
    // The rows are shown anew for another query, not when the same one goes on.
    let shown = Memo::new(move |_| {
        bench.info.with(|info| {
            let info = info.as_ref()?;
            let has_rows = info.has_result || (!info.state.is_terminal() && info.rows > 0);
            Some((info.id, has_rows, info.state))
        })
    });
    let state = move || bench.info.get().map(state_line);
    let body = move || {
        match shown.get() {
        None => view! {
            <Empty title="No result yet">
                <p>"Write a SELECT and press Run. The tables at the left can be opened; a click puts a name into the text."</p>
            </Empty>
        }
        .into_any(),
        Some((_, true, state)) => {
            let id = Memo::new(move |_| shown.get().map(|shown| shown.0));
            let grid = move || {
                id.get().map(|id| {
                    let rest = format!("/queries/{id}/rows");
                    let path = in_environment(&bench.environment.get_untracked(), &rest);
                    let first = first.try_update_value(Option::take).flatten();
                    view! { <ResultGrid label="Rows of the result" path=path known=known first=first arranged=bench.arranged /> }
                })
            };
            let finished = state == QueryState::Succeeded;
            view! {
                {finished.then(|| tools(bench))}
                <div hidden=move || bench.shown.get() != Shown::Rows>{grid}</div>
                {move || match bench.shown.get() {
                    Shown::Rows => ().into_any(),
                    Shown::Chart => chart(bench),
                    Shown::Comparison => comparison(bench),
                }}
            }
            .into_any()
        }
        Some((_, false, QueryState::Queued | QueryState::Running)) => {
            view! { <p class="muted query-waiting">"The first rows appear here as soon as they are computed."</p> }
                .into_any()
        }
        Some((_, false, QueryState::Succeeded)) => view! {
            <Empty title="The rows are no longer kept"><p>"Run the query again to see them."</p></Empty>
        }
        .into_any(),
        Some((_, false, _)) => ().into_any(),
    }
    };
    view! {
        <section class="query-result" aria-label="Result">
            <div role="status" class="query-state-place">{state}</div>
            {body}
        </section>
    }
    .into_any()
}

fn state_line(info: QueryInfo) -> AnyView {
    let (tone, word) = state_word(info.state);
    let has_run = info.state != QueryState::Queued;
    let counted = matches!(info.state, QueryState::Running | QueryState::Succeeded);
    let facts = [
        counted.then(|| rows(&info)),
        (info.queue_seconds > 0.05)
            .then(|| format!("{} queued", format::seconds(info.queue_seconds))),
        has_run.then(|| format!("{} run", format::seconds(info.run_seconds))),
        // Athena tells how much it read, not from how many files.
        (info.bytes_scanned > 0).then(|| match (format::bytes(info.bytes_scanned), info.files) {
            (bytes, 0) => format!("{bytes} read"),
            (bytes, files) => {
                let (files, partitions) = (format::count(files), format::count(info.partitions));
                format!("{bytes} in {files} files of {partitions} partitions")
            }
        }),
        (info.bytes_scanned > 0).then(|| format!("about {} in Athena", usd(info.estimated_usd))),
        Some(info.engine.clone()),
    ];
    let facts = facts.into_iter().flatten().map(|fact| view! { <span>{fact}</span> });
    let facts = facts.collect_view();
    let error = info.error.map(|error| {
        let class = if info.state == QueryState::Failed { "failure" } else { "notice" };
        view! { <div class=class><p class="query-error">{error}</p></div> }
    });
    let remark =
        info.remark.map(|remark| view! { <p class="notice" data-tone="wait">{remark}</p> });
    let id = info.id.to_string();
    view! {
        <p class="query-state row">{status_badge(tone, word)}{facts}<code class="muted query-id">{id}</code></p>
        {error}{remark}
    }
    .into_any()
}

/// What can be done with a whole result.
fn tools(bench: Bench) -> AnyView {
    let show = move |what: Shown, text: &'static str| {
        view! {
            <button type="button" class="query-side-tab"
                aria-pressed=move || (bench.shown.get() == what).to_string()
                on:click=move |_| bench.shown.set(what)>{text}</button>
        }
    };
    let export = export(bench);
    let copy_link = move |_| {
        let id = bench.info.with_untracked(|info| info.as_ref().map(|info| info.id.to_string()));
        let environment = bench.environment.get_untracked();
        copy_address(&format!("/{environment}/query?query={}", id.unwrap_or_default()));
        toast("good", "The link to your result is on the clipboard");
    };
    view! {
        <div class="query-tools">
            <div class="query-side-tabs" role="group" aria-label="Show as">
                {show(Shown::Rows, "Rows")}
                {show(Shown::Chart, "Chart")}
                {show(Shown::Comparison, "Compare")}
            </div>
            <span class="grow"></span>
            <button type="button" class="button button-small" on:click=copy_link>"Copy link"</button>
            {export}
        </div>
    }
    .into_any()
}

/// The result as a file: all of its rows, or those of the grid in their order.
fn export(bench: Bench) -> AnyView {
    let allowed = may(Permission::ExportResults);
    let as_shown = RwSignal::new(false);
    let is_arranged = Memo::new(move |_| !bench.arranged.with(|now| now.query.is_empty()));
    let link = move |format: &'static str, text: &'static str| {
        let href = move || {
            let id = bench.info.with(|info| info.as_ref().map(|info| info.id.to_string()));
            let rest = format!("/queries/{}/export?format={format}", id.unwrap_or_default());
            let path = in_environment(&bench.environment.get(), &rest);
            match as_shown.get() && is_arranged.get() {
                true => format!("{path}&{}", bench.arranged.with(|now| now.query.clone())),
                false => path,
            }
        };
        view! { <a class="menu-item" href=href download rel="external">{text}</a> }
    };
    let all = move || {
        let rows = bench.info.with(|info| info.as_ref().map_or(0, |info| info.rows));
        format!("All {} rows", format::count(rows))
    };
    let fitting = move || {
        bench.arranged.with(|now| {
            let how = match (now.query.contains("sort="), now.query.contains("filter=")) {
                (true, true) => "sorted and filtered",
                (true, false) => "sorted",
                _ => "filtered",
            };
            format!("As shown: {} rows, {how}", format::count(now.rows))
        })
    };
    let choice = move || {
        is_arranged.get().then(|| {
            view! {
                <fieldset class="query-export-rows"><legend class="visually-hidden">"Which rows"</legend>
                    <label class="check"><input type="radio" name="export-rows" prop:checked=move || !as_shown.get()
                        on:change=move |_| as_shown.set(false) /><span>{all}</span></label>
                    <label class="check"><input type="radio" name="export-rows" prop:checked=move || as_shown.get()
                        on:change=move |_| as_shown.set(true) /><span>{fitting}</span></label>
                </fieldset>
            }
        })
    };
    view! {
        <details class="menu query-export" hidden=move || !allowed.get()>
            <summary>{icon("download")}"Export"</summary>
            <div class="menu-list">
                {choice}
                {link("csv", "CSV")}
                {link("xlsx", "Excel workbook")}
                {link("json", "JSON")}
                {link("parquet", "Parquet")}
            </div>
        </details>
    }
    .into_any()
}

/// Puts an address of this console on the clipboard.
pub(super) fn copy_address(path: &str) {
    #[cfg(not(feature = "ssr"))]
    {
        let origin = window().location().origin().unwrap_or_default();
        let _ = window().navigator().clipboard().write_text(&format!("{origin}{path}"));
    }
    #[cfg(feature = "ssr")]
    let _ = path;
}
