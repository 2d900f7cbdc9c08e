//! The tab Output: the columns that the SQL gives, and what differs from the live table.

use leptos::prelude::*;

use super::desk::{Desk, Trial};
use crate::api::transformations::{ColumnChange, DryRun, OutputColumn, TypeChange};
use crate::components::{failure, icon, rows_skeleton, status_badge};

/// The tab.
pub(super) fn output(desk: Desk) -> AnyView {
    view! {
        <div class="stack">
            <div class="row">
                {button(desk, desk.dry_run, "/dry-run", "Dry run")}
                <span class="muted">"Plans the SQL and compares its columns with the table as it is. No row is read."</span>
            </div>
            {answer(desk, desk.dry_run, shown)}
        </div>
    }
    .into_any()
}

/// A button that tries what stands in the editor.
pub(super) fn button<T: Clone + serde::de::DeserializeOwned + Send + Sync + 'static>(
    desk: Desk,
    trial: Trial<T>,
    path: &'static str,
    text: &'static str,
) -> AnyView {
    let stopped = move || trial.busy.get() || desk.errors() > 0 || !desk.may_edit.get();
    let shown = move || if trial.busy.get() { "Working…" } else { text };
    view! {
        <button type="button" class="button" disabled=stopped on:click=move |_| trial.ask_sql(desk, path)>
            {icon("runs")}{shown}
        </button>
    }
    .into_any()
}

/// What came of a trial, with a word when it is of other SQL.
pub(super) fn answer<T: Clone + serde::de::DeserializeOwned + Send + Sync + 'static>(
    desk: Desk,
    trial: Trial<T>,
    shown: impl Fn(T) -> AnyView + Send + Sync + Copy + 'static,
) -> AnyView {
    let stale = move || {
        trial.is_stale(desk).then(|| {
            view! { <p class="notice" data-tone="wait">"The SQL has changed since. This is about what stood there before."</p> }
        })
    };
    let content = move || match trial.answer.get() {
        _ if trial.busy.get() => rows_skeleton(5),
        None => ().into_any(),
        Some((_, Ok(found))) => shown(found),
        Some((_, Err(problem))) => failure(problem),
    };
    let busy = move || trial.busy.get().to_string();
    view! { <div class="stack" aria-live="polite" aria-busy=busy>{stale}{content}</div> }.into_any()
}

fn shown(found: DryRun) -> AnyView {
    let verdict = if !found.table_exists {
        "The table does not exist yet: the next run makes it.".to_owned()
    } else if found.changes.is_empty() {
        "The columns are those of the live table.".to_owned()
    } else {
        let number = found.changes.len();
        format!(
            "{number} {} from the live table.",
            if number == 1 { "column differs" } else { "columns differ" }
        )
    };
    let rows: Vec<_> = found.columns.iter().map(|column| row(column, &found.changes)).collect();
    let gone = found.changes.iter().filter(|change| change.change == TypeChange::Removed);
    let gone: Vec<_> = gone.map(removed).collect();
    view! {
        <p><strong>{verdict}</strong></p>
        <div class="table-scroll"><table class="table">
            <caption class="visually-hidden">"Columns of the output"</caption>
            <thead><tr>
                <th scope="col">"Column"</th><th scope="col">"Type"</th><th scope="col">"Empty"</th>
                <th scope="col">"Against the live table"</th>
            </tr></thead>
            <tbody>{rows}{gone}</tbody>
        </table></div>
    }
    .into_any()
}

fn row(column: &OutputColumn, changes: &[ColumnChange]) -> AnyView {
    let change = changes.iter().find(|change| change.name == column.name);
    let difference = match change {
        None => view! { <span class="muted">"same"</span> }.into_any(),
        Some(change) if change.change == TypeChange::Added => status_badge("good", "New"),
        Some(change) => {
            let before = change.before.clone().unwrap_or_default();
            view! { {status_badge("wait", "Other type")}" was "<code>{before}</code> }.into_any()
        }
    };
    let key = column.partition_key.then(|| view! { " "<span class="muted">"partition key"</span> });
    view! {
        <tr>
            <th scope="row"><code>{column.name.clone()}</code>{key}</th>
            <td><code>{column.column_type.clone()}</code></td>
            <td>{if column.nullable { "may be empty" } else { "never empty" }}</td>
            <td>{difference}</td>
        </tr>
    }
    .into_any()
}

fn removed(change: &ColumnChange) -> AnyView {
    view! {
        <tr>
            <th scope="row"><code><del>{change.name.clone()}</del></code></th>
            <td><code>{change.before.clone()}</code></td>
            <td></td>
            <td>{status_badge("bad", "Gone")}</td>
        </tr>
    }
    .into_any()
}
