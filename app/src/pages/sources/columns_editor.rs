//! The columns of a draft: name, type, format, whether they may be empty, and why.

use domain::column::{Column, ColumnType};
use domain::source::Part;
use leptos::prelude::*;

use super::draft::Draft;
use super::form::select_options;
use crate::api::samples::ProposedColumn;
use crate::components::icon;
use crate::format::count;

const TYPES: [&str; 10] = [
    "boolean",
    "int",
    "bigint",
    "double",
    "decimal(10,2)",
    "decimal(18,4)",
    "decimal(38,10)",
    "date",
    "timestamp",
    "string",
];

/// The editable table, and columns of the sample that are not in it.
pub(super) fn columns_editor(draft: Draft) -> AnyView {
    let rows = move || {
        draft.generation.track();
        let columns = draft.source.with_untracked(|source| {
            source.as_ref().map(|source| source.columns.clone()).unwrap_or_default()
        });
        columns.into_iter().enumerate().map(|(at, column)| row(draft, at, column)).collect_view()
    };
    let fault = move || {
        draft.fault_of(Part::Columns).map(|text| view! { <p class="failure-line">{text}</p> })
    };
    view! {
        <div class="table-scroll"><table class="table columns-editor">
            <caption class="visually-hidden">"Columns to pin"</caption>
            <thead><tr>
                <th scope="col">"In the file"</th><th scope="col">"Column"</th><th scope="col">"Type"</th>
                <th scope="col">"Written as"</th><th scope="col">"May be empty"</th>
                <th scope="col">"Description"</th><th scope="col">"What the sample says"</th><th scope="col"><span class="visually-hidden">"Leave out"</span></th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
        {fault}
        {move || left_out(draft)}
    }
    .into_any()
}

fn row(draft: Draft, at: usize, column: Column) -> AnyView {
    let change = move |change: &dyn Fn(&mut Column)| {
        draft.edit(|source| {
            if let Some(column) = source.columns.get_mut(at) {
                change(column);
            }
        });
    };
    let fault = Memo::new(move |_| draft.fault_of(Part::Column(at)));
    let error_id = format!("column-{at}-error");
    let described = error_id.clone();
    let of = column.source_name.clone();
    let label = move |what: &str| format!("{what} of {of}");
    let written = column.column_type.to_string();
    let mut types: Vec<_> =
        TYPES.iter().map(|name| ((*name).to_owned(), (*name).to_owned())).collect();
    if !TYPES.contains(&written.as_str()) {
        types.push((written.clone(), written.clone()));
    }
    let has_format = move || {
        draft.source.with(|source| {
            let column = source.as_ref().and_then(|source| source.columns.get(at));
            column
                .is_some_and(|c| matches!(c.column_type, ColumnType::Date | ColumnType::Timestamp))
        })
    };
    let set_type = move |text: String| {
        let Ok(column_type) = text.parse::<ColumnType>() else { return };
        change(&|column| {
            column.column_type = column_type;
            if !matches!(column_type, ColumnType::Date | ColumnType::Timestamp) {
                column.format = None;
            }
        });
    };
    let leave_out = move |_| {
        draft.edit(|source| {
            if at < source.columns.len() {
                source.columns.remove(at);
            }
        });
        draft.redraw();
    };
    let proposed = draft.proposed(&column.source_name);
    view! {
        <tr>
            <th scope="row"><code>{column.source_name.clone()}</code></th>
            <td class="field">
                <input type="text" value=column.name.clone() aria-label=label("Column name") spellcheck="false"
                    aria-invalid=move || fault.get().is_some().to_string() aria-describedby=described
                    on:change=move |event| {
                        let name = event_target_value(&event).trim().to_owned();
                        change(&|column| column.name.clone_from(&name));
                    } />
                <p class="error" id=error_id>{fault}</p>
            </td>
            <td class="field"><select aria-label=label("Type") on:change=move |event| set_type(event_target_value(&event))>
                {select_options(types, &written)}</select></td>
            <td class="field"><input type="text" value=column.format.clone().unwrap_or_default() aria-label=label("Date format")
                placeholder=move || if has_format() { "ISO 8601" } else { "" }
                disabled=move || !has_format() spellcheck="false"
                on:change=move |event| {
                    let format = event_target_value(&event).trim().to_owned();
                    change(&|column| column.format = (!format.is_empty()).then(|| format.clone()));
                } /></td>
            <td class="columns-editor-check"><input type="checkbox" checked=column.nullable aria-label=label("Empty allowed")
                on:change=move |event| {
                    let nullable = event_target_checked(&event);
                    change(&|column| column.nullable = nullable);
                } /></td>
            <td class="field"><input type="text" value=column.description.clone().unwrap_or_default() aria-label=label("Description")
                placeholder="What it means"
                on:change=move |event| {
                    let text = event_target_value(&event).trim().to_owned();
                    change(&|column| column.description = (!text.is_empty()).then(|| text.clone()));
                } /></td>
            <td class="columns-editor-why">{proposed.map(evidence)}</td>
            <td><button type="button" class="button button-quiet button-small" aria-label=label("Leave out the column")
                title="Leave out" on:click=leave_out>{icon("cancel")}</button></td>
        </tr>
    }
    .into_any()
}

/// More would make rows of the table high and say no more.
const SHOWN_EXAMPLES: usize = 3;

/// Example values, counts, and the reason for the proposed type.
fn evidence(proposed: ProposedColumn) -> AnyView {
    let examples = proposed.examples.into_iter().take(SHOWN_EXAMPLES);
    let examples = examples.map(|text| view! { <code>{text}</code> }.into_any());
    let distinct = proposed.distinct.map(|distinct| {
        let more = if distinct >= 1000 { " or more" } else { "" };
        format!("{}{more} different", count(distinct))
    });
    let empty = (proposed.nulls > 0).then(|| format!("{} empty", count(proposed.nulls)));
    let counts: Vec<_> = distinct.into_iter().chain(empty).collect();
    view! {
        <p>{proposed.column.column_type.to_string()}": "{proposed.why}</p>
        <p class="examples">{examples.collect_view()}<span class="muted">{counts.join(", ")}</span></p>
    }
    .into_any()
}

/// Columns of the sample that no pinned one reads, to be taken in.
fn left_out(draft: Draft) -> AnyView {
    let pinned = draft.source.with(|source| {
        let columns = source.as_ref().map(|source| source.columns.clone()).unwrap_or_default();
        columns.into_iter().map(|column| column.source_name).collect::<Vec<_>>()
    });
    let proposal = draft.proposal.get();
    let columns = proposal.map(|proposal| proposal.columns).unwrap_or_default();
    let others = columns.into_iter().filter(|found| !pinned.contains(&found.column.source_name));
    let buttons: Vec<_> = others
        .map(|found| {
            let (name, column) = (found.column.source_name.clone(), found.column);
            let add = move |_| {
                draft.edit(|source| source.columns.push(column.clone()));
                draft.redraw();
            };
            view! { <button type="button" class="button button-small" on:click=add>{icon("plus")}{name}</button> }
                .into_any()
        })
        .collect();
    if buttons.is_empty() {
        return ().into_any();
    }
    view! { <div class="row left-out"><span class="muted">"In the sample, not pinned:"</span>{buttons}</div> }
        .into_any()
}
