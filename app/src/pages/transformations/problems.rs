//! What is wrong with the SQL, beneath the editor: a click goes to the place.

use leptos::prelude::*;

use super::desk::{Desk, EDITOR};
use crate::api::transformations::{Checked, Finding, Severity};
use crate::components::{editor_go_to, editor_replace, failure_line};

/// The findings as the editor wants them.
pub(super) fn as_json(desk: Desk) -> String {
    desk.checked.with(|checked| match checked {
        Some(Ok(checked)) => serde_json::to_string(&checked.findings).unwrap_or_default(),
        _ => String::new(),
    })
}

/// The list.
pub(super) fn problems(desk: Desk) -> AnyView {
    let list = move || match desk.checked.get() {
        _ if desk.sql.with(|sql| sql.trim().is_empty()) => view! {
            <p class="muted">"No SQL yet: write a SELECT over the conformed table."</p>
        }
        .into_any(),
        None => ().into_any(),
        Some(Err(problem)) => failure_line(&problem),
        Some(Ok(checked)) if checked.findings.is_empty() => fine(&checked),
        Some(Ok(checked)) => {
            let items = checked.findings.into_iter().map(|finding| item(desk, finding));
            view! { <ul class="findings">{items.collect_view()}</ul> }.into_any()
        }
    };
    view! { <div class="findings-place" role="status" aria-label="Problems">{list}</div> }
        .into_any()
}

fn fine(checked: &Checked) -> AnyView {
    let reads = match &checked.whole_table_because {
        None => "each run reads only the days it touches".to_owned(),
        Some(why) => format!("each run reads the whole table: {why}"),
    };
    view! {
        <p class="findings-fine">{crate::components::icon("check")}
            {format!("No problems: {} columns, {reads}.", checked.columns.len())}</p>
    }
    .into_any()
}

fn item(desk: Desk, finding: Finding) -> AnyView {
    let (tone, word) = match finding.severity {
        Severity::Error => ("bad", "Error"),
        Severity::Warning => ("wait", "Warning"),
        Severity::Hint => ("busy", "Hint"),
    };
    let place = (finding.line, finding.column, finding.end_line, finding.end_column);
    let fix = finding.suggestion.filter(|_| desk.may_edit.get_untracked()).map(|text| {
        let label = format!("Use {text}");
        let replace = move |_| editor_replace(EDITOR, place, &text);
        view! { <button type="button" class="button button-small" on:click=replace>{label}</button> }
    });
    view! {
        <li data-tone=tone>
            <button type="button" class="finding" on:click=move |_| editor_go_to(EDITOR, place.0, place.1)>
                <span class="finding-word">{word}</span>
                <span class="finding-place">{format!("line {}, column {}", place.0, place.1)}</span>
                <span class="finding-text">{finding.message}</span>
            </button>
            {fix}
        </li>
    }
    .into_any()
}
