//! The tab Tests: small input tables and the rows expected of them.

use leptos::prelude::*;

use super::desk::Desk;
use super::output::{answer, button};
use crate::api::transformations::{ChangedCell, FixtureCase, FixtureReport, FixtureRow};
use crate::components::status_badge;
use crate::format::{count, seconds};

/// The tab.
pub(super) fn tests(desk: Desk, names: Vec<String>) -> AnyView {
    let known = names.len();
    let lead = match known {
        0 => "There are no tests of this transformation yet.".to_owned(),
        1 => "One test, run over small tables that lie beside the SQL.".to_owned(),
        more => format!("{more} tests, run over small tables that lie beside the SQL."),
    };
    let how = (known == 0).then(|| {
        let folder = format!("transformations/{}.tests/<case>/", desk.dataset.get_value());
        view! {
            <p class="muted">"A test is a folder "<code>{folder}</code>" with one CSV file for each table that the SQL reads, and "<code>"expected.csv"</code>". It runs here, at every save, and by "<code>"sluice transformations test"</code>"."</p>
        }
    });
    view! {
        <div class="stack">
            <div class="row">{button(desk, desk.tests, "/tests", "Run tests")}<span class="muted">{lead}</span></div>
            {how}
            {answer(desk, desk.tests, shown)}
        </div>
    }
    .into_any()
}

/// What the tests say; also shown when they keep a save.
pub(super) fn shown(report: FixtureReport) -> AnyView {
    let (all, failures) = (report.cases.len(), report.failures());
    let verdict = match (all, failures) {
        (0, _) => "There is nothing to run.".to_owned(),
        (1, 0) => "The test passes.".to_owned(),
        (_, 0) => format!("All {all} tests pass."),
        _ => format!("{failures} of {all} tests fail."),
    };
    let cases: Vec<_> = report.cases.into_iter().map(case).collect();
    view! { <p><strong>{verdict}</strong></p><ul class="test-cases">{cases}</ul> }.into_any()
}

fn case(case: FixtureCase) -> AnyView {
    let badge =
        if case.passed { status_badge("good", "Passed") } else { status_badge("bad", "Failed") };
    let note = format!("{} rows as expected, {}", count(case.matching), seconds(case.seconds));
    let missing = rows("Expected, but not returned", &case.columns, &case.missing);
    let unexpected = rows("Returned, but not expected", &case.columns, &case.unexpected);
    view! {
        <li class="stack">
            <div class="row">{badge}<strong>{case.name}</strong><span class="muted">{note}</span></div>
            {case.problem.map(|text| view! { <p class="failure-line">{text}</p> })}
            {changed(&case.changed)}
            {missing}
            {unexpected}
        </li>
    }
    .into_any()
}

fn changed(cells: &[ChangedCell]) -> AnyView {
    if cells.is_empty() {
        return ().into_any();
    }
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "NULL".to_owned());
    let rows = cells.iter().map(|cell| {
        let key = cell.key.iter().map(|(name, value)| format!("{name}={}", text(value)));
        let key: Vec<_> = key.collect();
        view! {
            <tr class="diff"><td>{key.join(", ")}</td><td><code>{cell.column.clone()}</code></td>
                <td><del>{text(&cell.expected)}</del></td><td><ins>{text(&cell.actual)}</ins></td></tr>
        }
        .into_any()
    });
    let rows = rows.collect_view();
    view! {
        <div class="table-scroll" tabindex="0" role="group" aria-label="Cells that differ"><table class="table">
            <caption class="visually-hidden">"Cells that differ"</caption>
            <thead><tr><th scope="col">"Row"</th><th scope="col">"Column"</th><th scope="col">"Expected"</th><th scope="col">"Returned"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
    }
    .into_any()
}

fn rows(title: &'static str, columns: &[String], rows: &[FixtureRow]) -> AnyView {
    if rows.is_empty() {
        return ().into_any();
    }
    let heads = columns.iter().map(|name| view! { <th scope="col">{name.clone()}</th> }.into_any());
    let heads = heads.collect_view();
    let rows = rows.iter().map(|row| {
        let cells = row.iter().map(|cell| match cell {
            Some(text) => view! { <td>{text.clone()}</td> }.into_any(),
            None => view! { <td class="muted">"NULL"</td> }.into_any(),
        });
        view! { <tr>{cells.collect_view()}</tr> }.into_any()
    });
    let rows = rows.collect_view();
    view! {
        <section>
            <h3>{title}</h3>
            <div class="table-scroll" tabindex="0" role="group" aria-label=title><table class="table">
                <thead><tr>{heads}</tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        </section>
    }
    .into_any()
}
