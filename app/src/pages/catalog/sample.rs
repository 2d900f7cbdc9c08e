//! The section Sample rows: the first rows of a day, as they lie in its files.

use domain::access::Permission;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::days::is_day;
use super::section::{Here, answered, ask};
use crate::api::catalog::{TableColumn, TableSample};
use crate::components::{CopyButton, Empty, icon};
use crate::format::{count, seconds};
use crate::place::may;

/// Its name in the address.
pub(super) const NAME: &str = "sample";

/// The section.
pub(super) fn sample(here: Here) -> AnyView {
    let (query, allowed) = (use_query_map(), may(Permission::RunQueries));
    let rows = ask::<TableSample>(NAME, move || {
        let day = query.with(|query| query.get("day")).filter(|day| is_day(day));
        let day = day.map(|day| format!("?day={day}")).unwrap_or_default();
        allowed.get().then(|| format!("{}/sample{day}", here.path.get()))
    });
    let refused = move || {
        (!allowed.get()).then(|| {
            view! {
                <Empty title="Rows are for those who may run queries">
                    <p>"An admin can give you a role that may, under Settings, Members."</p>
                </Empty>
            }
        })
    };
    view! { {refused}{answered(rows, 8, shown)} }.into_any()
}

fn shown(sample: TableSample) -> AnyView {
    let Some(day) = sample.day.clone() else {
        return view! {
            <Empty title="The table has no rows yet"><p>"They appear with the first file of its dataset."</p></Empty>
        }
        .into_any();
    };
    let number = count(sample.rows.len() as u64);
    let lead = match (sample.rows.len() as u64, sample.of_rows) {
        (1, 1) => format!("The one row of {day}"),
        (shown, all) if shown == all => format!("All {number} rows of {day}"),
        (_, all) => format!("{number} of {} rows of {day}", count(all)),
    };
    let remark = sample.remark.clone().map(|remark| view! { <p class="muted">{remark}</p> });
    let took = seconds(sample.seconds);
    view! {
        <section class="card">
            <header class="card-header"><h2>"Sample rows"</h2><span class="muted">{lead}", read in "{took}</span></header>
            <div class="card-body stack">
                <form method="get" class="filters catalog-day">
                    <input type="hidden" name="show" value=NAME />
                    <div class="field">
                        <label for="sample-day">"Day"</label>
                        <input type="date" id="sample-day" name="day" value=day />
                    </div>
                    <button type="submit" class="button">{icon("search")}"Show"</button>
                </form>
                {grid(&sample)}
                {remark}
                <details class="details">
                    <summary>"SQL for this day"</summary>
                    <div class="catalog-sql">
                        <pre tabindex="0" aria-label="SQL for this day"><code>{sample.sql.clone()}</code></pre>
                        <CopyButton label="Copy SQL" text=sample.sql.clone() />
                    </div>
                </details>
            </div>
        </section>
    }
    .into_any()
}

fn grid(sample: &TableSample) -> AnyView {
    let numbers: Vec<_> = sample.columns.iter().map(is_number).collect();
    let heads = sample.columns.iter().zip(&numbers).map(|(column, is_number)| {
        let title = column.comment.clone();
        let class = if *is_number { "number" } else { "" };
        view! { <th scope="col" class=class title=title>{column.name.clone()}<span class="muted">" "{column.column_type.clone()}</span></th> }
            .into_any()
    });
    let heads: Vec<_> = heads.collect();
    let rows = sample.rows.iter().map(|row| {
        let cells = row.iter().zip(&numbers).map(|(cell, is_number)| match cell {
            Some(text) => {
                let class = if *is_number { "number" } else { "" };
                view! { <td class=class>{text.clone()}</td> }.into_any()
            }
            None => view! { <td class="muted">"NULL"</td> }.into_any(),
        });
        let cells: Vec<_> = cells.collect();
        view! { <tr>{cells}</tr> }.into_any()
    });
    let rows: Vec<_> = rows.collect();
    view! {
        <div><div class="table-scroll catalog-rows" tabindex="0" role="group" aria-label="Sample rows"><table class="table">
            <caption class="visually-hidden">"Sample rows"</caption>
            <thead><tr>{heads}</tr></thead>
            <tbody>{rows}</tbody>
        </table></div></div>
    }
    .into_any()
}

fn is_number(column: &TableColumn) -> bool {
    let kind = column.column_type.as_str();
    ["int", "bigint", "double"].contains(&kind) || kind.starts_with("decimal")
}
