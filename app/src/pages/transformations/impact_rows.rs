//! Rows that would change, with what they hold before and after.

use leptos::prelude::*;

use crate::api::transformations::{ExampleCell, ExampleRow, Impact, RowChange};
use crate::components::status_badge;

/// Most columns that are shown of an added or removed row.
const MOST_CELLS: usize = 6;

/// The examples, as a table; nothing when there are none.
pub(super) fn examples(found: &Impact) -> AnyView {
    if found.examples.is_empty() {
        return ().into_any();
    }
    let whole = found.keys.is_empty();
    let keys = found.keys.iter().map(|key| view! { <th scope="col">{key.clone()}</th> }.into_any());
    let keys = keys.collect_view();
    let rows: Vec<_> = found.examples.iter().map(|row| example(row, whole)).collect();
    view! {
        <section>
            <h3>{format!("Examples ({})", found.examples.len())}</h3>
            <div class="table-scroll trial-rows" tabindex="0" role="group" aria-label="Rows that would change"><table class="table">
                <caption class="visually-hidden">"Rows that would change"</caption>
                <thead><tr><th scope="col">"Row"</th>{keys}<th scope="col">"Before and after"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        </section>
    }
    .into_any()
}

fn example(row: &ExampleRow, whole: bool) -> AnyView {
    let badge = match row.change {
        RowChange::Added => status_badge("good", "Added"),
        RowChange::Removed => status_badge("bad", "Removed"),
        RowChange::Changed => status_badge("wait", "Changed"),
    };
    let keys = (!whole).then(|| {
        let keys = row.key.iter().map(|value| view! { <td>{value_of(value)}</td> }.into_any());
        keys.collect_view()
    });
    let most = if whole { usize::MAX } else { MOST_CELLS };
    let cells = row.cells.iter().take(most).map(|found| cell(found, row.change));
    let cells: Vec<_> = cells.collect();
    let more = row.cells.len().saturating_sub(most);
    let more =
        (more > 0).then(|| view! { <span class="muted">{format!("and {more} more")}</span> });
    view! {
        <tr class="diff">
            <td>{badge}</td>
            {keys}
            <td><div class="impact-cells">{cells}{more}</div></td>
        </tr>
    }
    .into_any()
}

fn cell(found: &ExampleCell, change: RowChange) -> AnyView {
    let name = found.column.clone();
    let (old, new) = (found.old.clone(), found.new.clone());
    let values = match change {
        RowChange::Added => view! { <ins>{text(new)}</ins> }.into_any(),
        RowChange::Removed => view! { <del>{text(old)}</del> }.into_any(),
        RowChange::Changed => {
            let (old, new) = (text(old), text(new));
            view! { <del>{old}</del><span aria-hidden="true">" → "</span><span class="visually-hidden">" becomes "</span><ins>{new}</ins> }
                .into_any()
        }
    };
    view! { <span class="impact-cell"><span class="muted">{name}</span>" "<code>{values}</code></span> }.into_any()
}

fn text(value: Option<String>) -> String {
    value.unwrap_or_else(|| "NULL".to_owned())
}

fn value_of(value: &Option<String>) -> AnyView {
    match value {
        Some(text) => text.clone().into_any(),
        None => view! { <span class="muted">"NULL"</span> }.into_any(),
    }
}
