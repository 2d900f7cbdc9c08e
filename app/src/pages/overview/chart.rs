//! Runs of the last days as stacked bars, with the same numbers as a table.

use leptos::prelude::*;

use crate::api::overview::{DayRuns, Overview};
use crate::components::Card;
use crate::format;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 180.0;
const LEFT: f64 = 40.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 22.0;

/// The parts of a bar from below: (class, name, count).
fn parts(day: &DayRuns) -> [(&'static str, &'static str, u64); 4] {
    [
        ("good", "succeeded", day.succeeded),
        ("bad", "failed", day.failed),
        ("wait", "under way or held", day.open),
        ("calm", "cancelled, duplicate, superseded", day.other),
    ]
}

/// The card. `open` keeps the table open while the page refreshes.
pub(super) fn runs_by_day(environment: &str, overview: &Overview, open: RwSignal<bool>) -> AnyView {
    let days = &overview.days;
    let total: u64 = days.iter().map(DayRuns::total).sum();
    let failed: u64 = days.iter().map(|day| day.failed).sum();
    let title = format!("Runs of the last {} days", days.len());
    let note = format!("{} runs, {} failed", format::count(total), format::count(failed));
    let legend = parts(&DayRuns::default()).map(|(class, name, _)| {
        view! { <li><span class=format!("key key-{class}") aria-hidden="true"></span>{name}</li> }
    });
    let toggle = move |_| open.update(|open| *open = !*open);
    let (bars, table) = (bars(days, &note), table(environment, days));
    view! {
        <Card title=title note=note>
            {bars}
            <ul class="legend">{legend}</ul>
            <details class="details" open=open.get_untracked()>
                <summary on:click=toggle>"The same as a table"</summary>
                {table}
            </details>
        </Card>
    }
    .into_any()
}

fn bars(days: &[DayRuns], note: &str) -> AnyView {
    let top = round_up(days.iter().map(DayRuns::total).max().unwrap_or_default());
    let inner = HEIGHT - TOP - BOTTOM;
    let slot = (WIDTH - LEFT) / days.len().max(1) as f64;
    let lines = [0, top / 2, top].map(|at| {
        let y = TOP + inner - at as f64 * inner / top as f64;
        view! {
            <line class="axis" x1=LEFT x2=WIDTH y1=y y2=y></line>
            <text x=LEFT - 6.0 y=y + 4.0 text-anchor="end">{format::count(at)}</text>
        }
    });
    let bar = |(number, day): (usize, &DayRuns)| {
        let x = LEFT + slot * number as f64 + slot * 0.15;
        let mut y = TOP + inner;
        let parts = parts(day).map(|(class, name, count)| {
            let height = count as f64 * inner / top as f64;
            y -= height;
            let title = format!("{}: {} {name}", day.day, format::count(count));
            (count > 0).then(|| view! {
                <rect class=class x=x y=y width=slot * 0.7 height=height><title>{title}</title></rect>
            })
        });
        // Every second day is named: all would touch on a phone.
        let named = (days.len() - number) % 2 == 1;
        let label = named.then(|| {
            view! {
                <text x=x + slot * 0.35 y=HEIGHT - 6.0 text-anchor="middle">{short(&day.day)}</text>
            }
        });
        view! { <g>{parts}{label}</g> }
    };
    let bars = days.iter().enumerate().map(bar).collect_view();
    let label = format!("Runs by day: {note}. The table below has the numbers.");
    view! {
        <svg class="chart" viewBox=format!("0 0 {WIDTH} {HEIGHT}") role="img" aria-label=label>
            {lines}{bars}
        </svg>
    }
    .into_any()
}

fn table(environment: &str, days: &[DayRuns]) -> AnyView {
    let rows = days.iter().rev().map(|day| {
        let href = format!("/{environment}/runs?from={0}T00%3A00&to={0}T23%3A59%3A59.999", day.day);
        view! {
            <tr>
                <th scope="row"><a href=href>{day.day.clone()}</a></th>
                {parts(day).map(|(_, _, count)| view! { <td class="number">{format::count(count)}</td> })}
                <td class="number">{format::count(day.total())}</td>
            </tr>
        }
    });
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="Runs by day">
            <table class="table">
                <thead><tr>
                    <th scope="col">"Day (UTC)"</th>
                    <th scope="col" class="number">"Succeeded"</th>
                    <th scope="col" class="number">"Failed"</th>
                    <th scope="col" class="number">"Under way or held"</th>
                    <th scope="col" class="number">"Other"</th>
                    <th scope="col" class="number">"All"</th>
                </tr></thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// `2026-08-05` as `08-05`.
fn short(day: &str) -> String {
    day.get(5..).unwrap_or(day).to_owned()
}

/// The least even number of the kind 2, 4, 10, 20, 40, 100, … that is not below `most`, so that half
/// of it is a round number too.
fn round_up(most: u64) -> u64 {
    let mut unit = 1;
    loop {
        for step in [2, 4, 6, 10] {
            if most <= step * unit {
                return step * unit;
            }
        }
        unit *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_ends_at_a_round_number() {
        let ends = [0, 1, 3, 5, 7, 11, 48, 101, 10_000].map(round_up);
        assert_eq!(ends, [2, 2, 4, 6, 10, 20, 60, 200, 10_000]);
    }
}
