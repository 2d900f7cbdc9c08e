//! What sets two points of a table's history apart, as a list and side by side.

use domain::table_history::ColumnChange;
use leptos::prelude::*;

use crate::api::catalog::{ColumnDifference, TableDifference};
use crate::components::Empty;

/// What a change did, one line for each thing.
pub(super) fn changes(change: &TableDifference) -> AnyView {
    let description = (change.description_before != change.description_after).then(|| {
        line("Table", Some("description"), &change.description_before, &change.description_after)
    });
    let order = change.is_reordered.then(|| {
        view! { <li><span class="change-what">"Columns"</span>" stand in another order"</li> }
            .into_any()
    });
    let columns = change.columns.iter().map(column);
    let lines: Vec<_> = description.into_iter().chain(columns).chain(order).collect();
    view! { <ul class="changes diff">{lines}</ul> }.into_any()
}

fn column(column: &ColumnDifference) -> AnyView {
    let name = column.name.as_str();
    match column.change {
        ColumnChange::Added => line(name, Some("added"), &None, &column.type_after),
        ColumnChange::Removed => line(name, Some("removed"), &column.type_before, &None),
        ColumnChange::Retyped => line(name, None, &column.type_before, &column.type_after),
        ColumnChange::Described | ColumnChange::Same => {
            line(name, Some("description"), &column.comment_before, &column.comment_after)
        }
    }
}

fn line(
    what: &str,
    how: Option<&'static str>,
    before: &Option<String>,
    after: &Option<String>,
) -> AnyView {
    let (before, after) = (marked("before: ", before, true), marked("after: ", after, false));
    let how = how.map(|how| format!(" {how}"));
    view! { <li><code class="change-what">{what.to_owned()}</code>{how}" "{before}" "{after}</li> }
        .into_any()
}

/// A text before or after. Read aloud, the signs of a diff are silent: words stand beside them.
fn marked(word: &'static str, text: &Option<String>, is_old: bool) -> AnyView {
    let Some(text) = text.clone().filter(|text| !text.is_empty()) else { return ().into_any() };
    let word = view! { <span class="visually-hidden">{word}</span> };
    match is_old {
        true => view! { <del>{word}{text}</del> }.into_any(),
        false => view! { <ins>{word}{text}</ins> }.into_any(),
    }
}

/// All columns of both points.
pub(super) fn side_by_side(difference: TableDifference) -> AnyView {
    let differs = difference.columns.iter().any(|column| column.change != ColumnChange::Same)
        || difference.description_before != difference.description_after
        || difference.is_reordered;
    if !differs {
        return view! { <Empty title="Nothing differs"><p>"Columns and descriptions are the same at both points."</p></Empty> }
            .into_any();
    }
    let description = (difference.description_before != difference.description_after).then(|| {
        let before = marked("before: ", &difference.description_before, true);
        let after = marked("after: ", &difference.description_after, false);
        view! { <p class="diff">"Description of the table: "{before}" "{after}</p> }
    });
    let order = difference
        .is_reordered
        .then(|| view! { <p>"Columns that both points have stand in another order."</p> });
    let rows: Vec<_> = difference.columns.iter().map(row).collect();
    view! {
        <section class="card">
            <header class="card-header"><h2>"Differences"</h2></header>
            <div class="card-body">
                {description}{order}
                <div class="table-scroll" tabindex="0" role="group" aria-label="Differences"><table class="table diff">
                    <caption class="visually-hidden">"Columns of both points"</caption>
                    <thead><tr>
                        <th scope="col">"Column"</th><th scope="col">"Change"</th>
                        <th scope="col">"Type before"</th><th scope="col">"Type after"</th>
                        <th scope="col">"Description"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table></div>
            </div>
        </section>
    }
    .into_any()
}

fn row(column: &ColumnDifference) -> AnyView {
    let (word, name) = match column.change {
        ColumnChange::Same => ("", "same"),
        ColumnChange::Added => ("added", "added"),
        ColumnChange::Removed => ("removed", "removed"),
        ColumnChange::Retyped => ("another type", "retyped"),
        ColumnChange::Described => ("another description", "described"),
    };
    let retyped = column.type_before != column.type_after;
    let kind = |text: &Option<String>, is_old: bool| match (text, retyped) {
        (None, _) => ().into_any(),
        (Some(_), true) => marked("", text, is_old),
        (Some(text), false) => view! { {text.clone()} }.into_any(),
    };
    let description = match column.comment_before == column.comment_after {
        true => column.comment_after.clone().into_any(),
        false => view! {
            {marked("before: ", &column.comment_before, true)}" "
            {marked("after: ", &column.comment_after, false)}
        }
        .into_any(),
    };
    view! {
        <tr data-change=name>
            <th scope="row"><code>{column.name.clone()}</code></th>
            <td>{word}</td>
            <td class="mono nowrap">{kind(&column.type_before, true)}</td>
            <td class="mono nowrap">{kind(&column.type_after, false)}</td>
            <td class="catalog-description">{description}</td>
        </tr>
    }
    .into_any()
}
