//! A year of days as a grid of squares, and as a table for those who cannot see it.

use jiff::civil::Date;
use leptos::prelude::*;

use super::state::Empty;
use crate::api::sources::{PartitionCalendar, PartitionDay};
use crate::format::{bytes, count};

/// Distance from one square to the next, and the side of one.
const STEP: i32 = 14;
const SIDE: i32 = 11;
/// Where the squares begin.
const LEFT: i32 = 30;
const TOP: i32 = 18;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A year of days with its year switch.
pub struct Calendar<'a> {
    /// The environment, for links to runs.
    pub here: &'a str,
    /// The days.
    pub days: &'a PartitionCalendar,
    /// The address of another year.
    pub year_href: &'a dyn Fn(i16) -> String,
    /// Whether failed runs are counted in these days.
    pub counts_failures: bool,
}

impl Calendar<'_> {
    /// The squares, and with failures the same as a table.
    pub fn view(self) -> AnyView {
        let calendar = self.days;
        let first = Date::new(calendar.year, 1, 1);
        let (false, Ok(first)) = (calendar.years.is_empty(), first) else {
            return view! {
                <Empty title="No day has rows yet">
                    <p>"Days appear here as soon as a run has committed."</p>
                </Empty>
            }
            .into_any();
        };
        let year = calendar.year;
        let years = calendar.years.iter().map(|other| {
            let (current, href) = ((*other == year).then_some("page"), (self.year_href)(*other));
            view! { <a href=href aria-current=current>{other.to_string()}</a> }
        });
        let summary = self.summary();
        let as_table = self.counts_failures.then(|| {
            view! { <details class="details"><summary>"As a table"</summary>{table(self.here, &calendar.days)}</details> }
        });
        view! {
            <nav class="tabs calendar-years" aria-label="Year">{years.collect_view()}</nav>
            <p class="muted">{summary.clone()}</p>
            <div class="calendar-scroll" tabindex="0" role="group" aria-label="Calendar">{grid(calendar, first, summary)}</div>
            {legend(self.counts_failures)}
            {as_table}
        }
        .into_any()
    }

    fn summary(&self) -> String {
        let days = &self.days.days;
        let rows: u64 = days.iter().map(|day| day.rows).sum();
        let with_rows = days.iter().filter(|day| day.rows > 0).count();
        let on = if with_rows == 1 { "day" } else { "days" };
        let mut summary = format!("{}: {} rows on {with_rows} {on}", self.days.year, count(rows));
        if self.counts_failures {
            let failures: u64 = days.iter().map(|day| day.failures).sum();
            summary.push_str(&format!(", {} failed runs", count(failures)));
        }
        summary
    }
}

fn grid(calendar: &PartitionCalendar, first: Date, label: String) -> AnyView {
    let most = calendar.days.iter().map(|day| day.rows).max().unwrap_or_default();
    let mut known = calendar.days.iter().peekable();
    let (mut squares, mut months) = (Vec::with_capacity(366), Vec::with_capacity(12));
    for day in first.series(jiff::Span::new().days(1)).take_while(|day| day.year() == first.year())
    {
        let (x, y) = place(first, day);
        let text = day.to_string();
        let found = known.next_if(|known| known.day == text);
        squares.push(square(x, y, &text, found, most));
        if day.day() == 1 {
            let name = MONTHS[usize::try_from(day.month() - 1).unwrap_or_default()];
            months.push(view! { <text x=x y=TOP - 6>{name}</text> }.into_any());
        }
    }
    let weekdays = [(0, "Mon"), (2, "Wed"), (4, "Fri")].map(|(row, name)| {
        view! { <text x="0" y=TOP + row * STEP + SIDE - 2>{name}</text> }
    });
    let (width, height) = (LEFT + 54 * STEP, TOP + 7 * STEP);
    view! {
        <svg class="calendar" viewBox=format!("0 0 {width} {height}") width=width height=height
            role="img" aria-label=label>
            {months}{weekdays}{squares}
        </svg>
    }
    .into_any()
}

/// The upper left corner of a day: weeks from left to right, Monday at the top.
fn place(first: Date, day: Date) -> (i32, i32) {
    let offset = i32::from(first.weekday().to_monday_zero_offset());
    let index = i32::from(day.day_of_year()) - 1 + offset;
    (LEFT + index / 7 * STEP, TOP + index % 7 * STEP)
}

fn square(x: i32, y: i32, day: &str, found: Option<&PartitionDay>, most: u64) -> AnyView {
    let Some(found) = found else {
        return view! { <rect class="calendar-day" data-level="0" x=x y=y width=SIDE height=SIDE rx="2" /> }
            .into_any();
    };
    let mut text = format!("{day}: {} rows, {}", count(found.rows), bytes(found.bytes));
    // A cross, because colour alone would not tell everybody.
    let cross = (found.failures > 0).then(|| {
        text.push_str(&format!(", {} failed runs", found.failures));
        let path = format!("M{} {}l7 7m0-7l-7 7", x + 2, y + 2);
        view! { <path class="calendar-failure" d=path /> }
    });
    let level = level(found.rows, most).to_string();
    view! {
        <g><rect class="calendar-day" data-level=level x=x y=y width=SIDE height=SIDE rx="2"></rect>
            {cross}<title>{text}</title></g>
    }
    .into_any()
}

/// 0 for no rows, else 1 to 5. By the square root, so that one huge day does not pale all others.
fn level(rows: u64, most: u64) -> u8 {
    if rows == 0 || most == 0 {
        return 0;
    }
    let share = (rows as f64 / most as f64).sqrt();
    (share * 5.0).ceil().clamp(1.0, 5.0) as u8
}

fn legend(counts_failures: bool) -> AnyView {
    let squares = (0..6).map(|level| {
        view! { <rect class="calendar-day" data-level=level.to_string() x=level * STEP y="1" width=SIDE height=SIDE rx="2" /> }
    });
    let failed = counts_failures.then(|| {
        view! {
            <svg viewBox="0 0 13 13" width="13" height="13">
                <rect class="calendar-day" data-level="0" x="1" y="1" width="11" height="11" rx="2" />
                <path class="calendar-failure" d="M3 3l7 7m0-7l-7 7" />
            </svg>
            <span>"a run failed"</span>
        }
    });
    view! {
        <p class="calendar-legend muted" aria-hidden="true">
            <span>"fewer rows"</span>
            <svg viewBox="0 0 84 13" width="84" height="13">{squares.collect_view()}</svg>
            <span>"more"</span>
            {failed}
        </p>
    }
    .into_any()
}

fn table(here: &str, days: &[PartitionDay]) -> AnyView {
    let rows = days.iter().map(|day| {
        let failed = day.failed_run.map(|run| {
            let href = format!("/{here}/runs/{run}");
            view! { <a href=href>{format!("{} failed", day.failures)}</a> }
        });
        view! {
            <tr>
                <th scope="row">{day.day.clone()}</th>
                <td class="number">{count(day.rows)}</td><td class="number">{bytes(day.bytes)}</td>
                <td class="number">{count(day.files)}</td><td>{failed}</td>
            </tr>
        }
        .into_any()
    });
    view! {
        <div class="table-scroll"><table class="table">
            <caption class="visually-hidden">"Days with rows or failures"</caption>
            <thead><tr>
                <th scope="col">"Day"</th><th scope="col" class="number">"Rows"</th>
                <th scope="col" class="number">"Size"</th><th scope="col" class="number">"Files"</th>
                <th scope="col">"Failures"</th>
            </tr></thead>
            <tbody>{rows.collect_view()}</tbody>
        </table></div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn days_stand_in_their_week() {
        // 2020 began on a Wednesday.
        let first = date(2020, 1, 1);
        assert_eq!(place(first, first), (LEFT, TOP + 2 * STEP));
        assert_eq!(place(first, date(2020, 1, 6)), (LEFT + STEP, TOP));
        assert_eq!(place(first, date(2020, 12, 31)), (LEFT + 52 * STEP, TOP + 3 * STEP));
    }

    #[test]
    fn some_rows_are_never_shown_as_none() {
        assert_eq!([0, 1, 250, 1000].map(|rows| level(rows, 1000)), [0, 1, 3, 5]);
        assert_eq!(level(0, 0), 0);
    }
}
