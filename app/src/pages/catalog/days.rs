//! The section Days: a year at a glance, and the partitions one by one.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::section::{Here, answered, ask};
use crate::api::Page;
use crate::api::catalog::TablePartition;
use crate::api::sources::PartitionCalendar;
use crate::components::{Calendar, Card, Pager, RelativeTime};
use crate::format::{bytes, count};

/// Its name in the address.
pub(super) const NAME: &str = "days";

/// The section.
pub(super) fn days(here: Here) -> AnyView {
    let query = use_query_map();
    let asked = move |name: &str| query.with(|query| query.get(name));
    let year = move || asked("year").filter(|year| year.parse::<i16>().is_ok());
    let calendar = ask::<PartitionCalendar>(NAME, move || {
        let year = year().map(|year| format!("?year={year}")).unwrap_or_default();
        Some(format!("{}/calendar{year}", here.path.get()))
    });
    let partitions = ask::<Page<TablePartition>>(NAME, move || {
        let year = year().map(|year| format!("&year={year}")).unwrap_or_default();
        let after = asked("after").filter(|day| is_day(day));
        let after = after.map(|day| format!("&after={day}")).unwrap_or_default();
        Some(format!("{}/partitions?limit=50{year}{after}", here.path.get()))
    });
    let (calendar, partitions) = (calendar.follow(), partitions.follow());
    view! {
        <div class="stack">
            {answered(calendar, 5, move |days| squares(here, &days))}
            {answered(partitions, 8, move |page| table(here, page))}
        </div>
    }
    .into_any()
}

/// Nothing else may get into an address of the API.
pub(super) fn is_day(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|ch| ch.is_ascii_digit() || ch == '-')
}

fn squares(here: Here, days: &PartitionCalendar) -> AnyView {
    let year_href = |year: i16| format!("?show={NAME}&year={year}");
    let environment = here.environment.get_untracked();
    let calendar =
        Calendar { here: &environment, days, year_href: &year_href, counts_failures: false };
    let squares = calendar.view();
    view! { <Card title="Rows of each day">{squares}</Card> }.into_any()
}

fn table(here: Here, page: Page<TablePartition>) -> AnyView {
    if page.items.is_empty() {
        return ().into_any();
    }
    let environment = here.environment.get_untracked();
    let rows: Vec<_> = page.items.into_iter().map(|day| row(&environment, day)).collect();
    view! {
        <section class="card">
            <header class="card-header"><h2>"Partitions"</h2><span class="muted">"Newest first"</span></header>
            <div class="table-scroll" tabindex="0" role="group" aria-label="Partitions, newest first"><table class="table">
                <caption class="visually-hidden">"Partitions, newest first"</caption>
                <thead><tr>
                    <th scope="col">"Day"</th><th scope="col" class="number">"Rows"</th>
                    <th scope="col" class="number">"Size"</th><th scope="col" class="number">"Files"</th>
                    <th scope="col">"Last run"</th><th scope="col">"Rows of it"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        </section>
        <Pager next=page.next />
    }
    .into_any()
}

fn row(here: &str, partition: TablePartition) -> AnyView {
    let run = format!("/{here}/runs/{}", partition.run);
    let sample = format!("?show={}&day={}", super::sample::NAME, partition.day);
    let label = format!("Sample of {}", partition.day);
    view! {
        <tr>
            <th scope="row" class="nowrap">{partition.day}</th>
            <td class="number">{count(partition.rows)}</td>
            <td class="number">{bytes(partition.bytes)}</td>
            <td class="number">{count(partition.files)}</td>
            <td class="nowrap"><a href=run><RelativeTime at=partition.updated_at /></a></td>
            <td><a href=sample aria-label=label>"Sample"</a></td>
        </tr>
    }
    .into_any()
}
