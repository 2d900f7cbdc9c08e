//! The tab Preview: the first rows that the SQL gives over real rows.

use leptos::prelude::*;

use super::desk::Desk;
use super::output::{answer, button};
use crate::api::transformations::{Preview, Sampled};
use crate::format::{count, seconds};

/// The tab.
pub(super) fn preview(desk: Desk) -> AnyView {
    view! {
        <div class="stack">
            <div class="row">
                {button(desk, desk.preview, "/preview", "Preview")}
                <span class="muted">"Runs the SQL over the newest days and shows the first 100 rows. Nothing is written."</span>
            </div>
            {answer(desk, desk.preview, shown)}
        </div>
    }
    .into_any()
}

fn shown(found: Preview) -> AnyView {
    let heads = found.columns.iter().map(|column| {
        view! { <th scope="col">{column.name.clone()}<span class="muted">" "{column.column_type.clone()}</span></th> }
            .into_any()
    });
    let heads = heads.collect_view();
    let rows = found.rows.iter().map(|row| {
        let cells = row.iter().map(|cell| match cell {
            Some(text) => view! { <td>{text.clone()}</td> }.into_any(),
            None => view! { <td class="muted">"NULL"</td> }.into_any(),
        });
        view! { <tr>{cells.collect_view()}</tr> }.into_any()
    });
    let rows = rows.collect_view();
    let number = format!("{} rows in {}", count(found.rows.len() as u64), seconds(found.seconds));
    view! {
        <p><strong>{number}</strong>" over "{sample(&found.sampled)}"."</p>
        {found.truncated.clone().map(|text| view! { <p class="muted">{text}</p> })}
        <div class="table-scroll trial-rows" tabindex="0" role="group" aria-label="Rows of the preview"><table class="table">
            <caption class="visually-hidden">"The first rows of the output"</caption>
            <thead><tr>{heads}</tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
    }
    .into_any()
}

/// What was read, in words.
pub(super) fn sample(sampled: &Sampled) -> String {
    let days = match sampled.partitions.as_slice() {
        [] => "no day".to_owned(),
        [day] => day.clone(),
        [first, .., last] => format!("{} days from {first} to {last}", sampled.partitions.len()),
    };
    let (rows, all, days_all) =
        (count(sampled.rows), count(sampled.of_rows), sampled.of_partitions);
    if sampled.rows == sampled.of_rows {
        return format!("all {rows} rows of {} ({days})", sampled.table);
    }
    format!("{rows} of {all} rows of {}: {days} of {}", sampled.table, count(days_all))
}
