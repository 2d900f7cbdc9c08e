//! The section Columns: types and descriptions, and writing the latter.

use domain::access::Permission;
use leptos::prelude::*;

use super::editing::{EDIT_BUTTON, Editing, FIRST_FIELD};
use super::section::Here;
use crate::api::catalog::{TableColumn, TableDetail};
use crate::components::{failure_line, icon, loaded};
use crate::place::may;

/// Its name in the address.
pub(super) const NAME: &str = "columns";

/// Most characters of a field; the server counts bytes and says so.
const LONGEST_COMMENT: &str = "255";
const LONGEST_DESCRIPTION: &str = "2048";

/// The section.
pub(super) fn columns(here: Here) -> AnyView {
    let editing = Editing::new(here);
    // Drawn anew for another edit, not at each key.
    let edited = Memo::new(move |_| {
        editing.base.with(|base| base.as_ref().map(|base| (base.name(), base.version)))
    });
    let shown = loaded(here.detail, 8, move |detail| table(here, editing, detail));
    let form = move || edited.get().map(|_| form(editing));
    view! {
        <div hidden=move || edited.get().is_some()>{shown}</div>
        {form}
    }
    .into_any()
}

fn table(here: Here, editing: Editing, detail: TableDetail) -> AnyView {
    let may_edit = may(Permission::EditCatalog);
    let environment = here.environment.get_untracked();
    let lineage = format!("/{environment}/lineage?focus={}", detail.name());
    let rows: Vec<_> = detail.columns.iter().map(|column| row(&lineage, column)).collect();
    let keys = detail.partition_keys.iter().map(|key| {
        view! {
            <tr>
                <th scope="row"><code>{key.clone()}</code></th><td><code>"string"</code></td>
                <td class="muted">"Partition key"</td>
            </tr>
        }
    });
    let keys = keys.collect_view();
    let edit = move || {
        let detail = detail.clone();
        may_edit.get().then(move || {
            let begin = move |_| editing.begin(detail.clone());
            view! { <button type="button" id=EDIT_BUTTON class="button button-small" on:click=begin>{icon("edit")}"Edit descriptions"</button> }
        })
    };
    view! {
        <section class="card">
            <header class="card-header"><h2>"Columns"</h2>{edit}</header>
            <div class="table-scroll" tabindex="0" role="group" aria-label="Columns"><table class="table catalog-columns">
                <caption class="visually-hidden">"Columns in table order, then the partition keys"</caption>
                <thead><tr>
                    <th scope="col">"Column"</th><th scope="col">"Type"</th><th scope="col">"Description"</th>
                </tr></thead>
                <tbody>{rows}{keys}</tbody>
            </table></div>
        </section>
    }
    .into_any()
}

fn row(lineage: &str, column: &TableColumn) -> AnyView {
    let href = format!("{lineage}.{}", column.name);
    let title = format!("Where {} comes from", column.name);
    view! {
        <tr>
            <th scope="row"><a href=href title=title><code>{column.name.clone()}</code></a></th>
            <td class="nowrap"><code>{column.column_type.clone()}</code></td>
            <td class="catalog-description">{column.comment.clone()}</td>
        </tr>
    }
    .into_any()
}

/// The fields, one for the table and one for each column.
fn form(editing: Editing) -> AnyView {
    let columns = editing
        .base
        .with_untracked(|base| base.as_ref().map(|base| base.columns.clone()).unwrap_or_default());
    let rows: Vec<_> = columns.into_iter().map(|column| field_row(editing, column)).collect();
    let refused = move || {
        editing.refused.get().map(|problem| match problem.status {
            409 => view! {
                <p class="notice" data-tone="wait" role="alert">"Somebody changed this table meanwhile. What they wrote is in the fields now; where you wrote too, your text stands and theirs is below it. Save again when it is right."</p>
            }
            .into_any(),
            _ => failure_line(&problem),
        })
    };
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        editing.save();
    };
    let text = editing.texts.with_untracked(|texts| texts.get(&None).cloned().unwrap_or_default());
    view! {
        <form class="card" on:submit=save>
            <header class="card-header"><h2>"Descriptions"</h2>
                <div class="actions">
                    <button type="button" class="button button-small" on:click=move |_| editing.end()>"Cancel"</button>
                    <button type="submit" class="button button-small button-primary" disabled=editing.is_busy>"Save"</button>
                </div>
            </header>
            <div class="card-body stack">
                {refused}
                <div class="field">
                    <label for=FIRST_FIELD>"The table"</label>
                    <textarea id=FIRST_FIELD class="catalog-text" maxlength=LONGEST_DESCRIPTION prop:value=text
                        on:input=move |event| editing.write(&None, event_target_value(&event))></textarea>
                    {theirs(editing, None)}
                </div>
                <div class="catalog-fields">{rows}</div>
            </div>
        </form>
    }
    .into_any()
}

fn field_row(editing: Editing, column: TableColumn) -> AnyView {
    let field = Some(column.name.clone());
    let text = editing.texts.with_untracked(|texts| texts.get(&field).cloned().unwrap_or_default());
    let id = format!("describe-{}", column.name);
    let below = theirs(editing, field.clone());
    view! {
        <div class="field catalog-field">
            <label for=id.clone()><code>{column.name}</code>" "<span class="muted">{column.column_type}</span></label>
            <input type="text" id=id maxlength=LONGEST_COMMENT autocomplete="off" prop:value=text
                on:input=move |event| editing.write(&field, event_target_value(&event)) />
            {below}
        </div>
    }
    .into_any()
}

/// What somebody else wrote where the reader wrote too.
fn theirs(editing: Editing, field: Option<String>) -> AnyView {
    let text = editing.theirs.with_untracked(|theirs| theirs.get(&field).cloned());
    text.map(|text| {
        let text = if text.is_empty() { "(nothing)".to_owned() } else { text };
        view! { <p class="hint catalog-theirs">"Theirs: "<q>{text}</q></p> }
    })
    .into_any()
}
