//! What a trial found, in words and figures.

use leptos::prelude::*;

use super::table::row_table;
use super::words::kind_chip;
use crate::api::quarantine::{PassingRow, ReplayVerdict, TrialOutcome};
use crate::components::Empty;
use crate::format::count;

/// The outcome; `columns` are those of the source that was tried.
pub(super) fn outcome_view(outcome: TrialOutcome, columns: Vec<String>) -> AnyView {
    if outcome.tried == 0 && outcome.problems.is_empty() {
        return view! {
            <Empty title="No row could be tried.">{untried(&outcome)}</Empty>
        }
        .into_any();
    }
    let headline =
        format!("{} of {} rows would pass now", count(outcome.passing), count(outcome.tried));
    let tone = if outcome.passing > 0 { "good" } else { "wait" };
    let failing = (!outcome.failing.is_empty()).then(|| {
        let kinds = outcome.failing.iter().cloned().map(kind_chip).collect_view();
        view! { <p class="kinds"><span class="muted">"Still rejected: "</span>{kinds}</p> }
    });
    let problems = outcome.problems.iter().map(|problem| {
        view! { <p class="failure-line">{problem.clone()}</p> }
    });
    let problems = problems.collect_view();
    let verdicts = outcome.verdicts.iter().map(verdict).collect_view();
    let notes = untried(&outcome);
    let passing =
        (!outcome.now_passing.is_empty()).then(|| passing_rows(outcome.now_passing, columns));
    let still = (!outcome.still_rejected.is_empty()).then(|| {
        view! {
            <details class="details">
                <summary>"Rows that would still be rejected"</summary>
                {row_table(outcome.still_rejected)}
            </details>
        }
    });
    view! {
        <div class="stack outcome">
            <div class="notice" data-tone=tone>
                <p class="outcome-headline">{headline}</p>
                <progress class="meter" max=outcome.tried.to_string() value=outcome.passing.to_string() aria-label="Share of rows that would pass"></progress>
            </div>
            {problems}{failing}{verdicts}{notes}{passing}{still}
        </div>
    }
    .into_any()
}

fn verdict(verdict: &ReplayVerdict) -> AnyView {
    let (read, rejected) = (count(verdict.rows_read), count(verdict.rejected));
    let text = match verdict.commits {
        true => format!("A replay would read {read} rows, reject {rejected}, and be committed."),
        false => format!(
            "A replay would read {read} rows and reject {rejected}: more than the source allows, so \
             that it would fail."
        ),
    };
    view! { <p>{text}</p> }.into_any()
}

fn untried(outcome: &TrialOutcome) -> AnyView {
    let says = |rows: u64, text: &'static str| {
        (rows > 0).then(|| view! { <li>{format!("{} {text}", count(rows))}</li> })
    };
    view! {
        <ul class="muted">
            {says(outcome.no_rows, "would be no row any more: a comment, or blank.")}
            {says(outcome.cut, "cannot be tried: only the beginning of their text was kept. A replay reads them from the file.")}
            {says(outcome.left_out, "were not tried: past the bounds of a trial, or their file cannot be opened.")}
        </ul>
    }
    .into_any()
}

fn passing_rows(rows: Vec<PassingRow>, columns: Vec<String>) -> AnyView {
    let with_values = rows.first().is_some_and(|row| row.values.len() == columns.len());
    let heads = match with_values {
        true => columns
            .into_iter()
            .map(|name| view! { <th scope="col">{name}</th> })
            .collect_view()
            .into_any(),
        false => view! { <th scope="col">"Raw text"</th> }.into_any(),
    };
    let row = move |row: PassingRow| {
        let cells = match with_values {
            true => row.values.into_iter().map(cell).collect_view().into_any(),
            false => view! { <td><code>{row.raw}</code></td> }.into_any(),
        };
        view! { <tr><td class="number">{row.line}</td>{cells}</tr> }.into_any()
    };
    view! {
        <details class="details" open>
            <summary>"Rows that would pass, as they would be written"</summary>
            <div class="table-scroll"><table class="table">
                <thead><tr><th scope="col" class="number">"Line"</th>{heads}</tr></thead>
                <tbody>{rows.into_iter().map(row).collect_view()}</tbody>
            </table></div>
        </details>
    }
    .into_any()
}

fn cell(value: Option<String>) -> AnyView {
    match value {
        Some(value) => view! { <td class="mono nowrap">{value}</td> }.into_any(),
        None => view! { <td class="muted">"null"</td> }.into_any(),
    }
}
