//! Rows of each run as bars, with those out of the ordinary marked and explained.

use leptos::prelude::*;

use crate::api::sources::RowsOfRun;
use crate::components::{Empty, RelativeTime};
use crate::format::count;

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 160.0;
/// Room for marks above the bars.
const TOP: f64 = 14.0;
/// Room for the greatest number at the left.
const LEFT: f64 = 64.0;
/// Most room for one bar.
const WIDEST: f64 = 36.0;

/// The chart, what is out of the ordinary in words, and a table of all.
pub(super) fn rows_chart(here: &str, runs: &[RowsOfRun]) -> AnyView {
    if runs.is_empty() {
        return view! {
            <Empty title="No run has succeeded yet"><p>"Each run that commits becomes a bar here."</p></Empty>
        }
        .into_any();
    }
    let outliers: Vec<_> = runs.iter().filter(|run| run.outlier.is_some()).rev().collect();
    let label = format!(
        "Rows of the last {} runs, {} of them out of the ordinary",
        runs.len(),
        outliers.len()
    );
    let marked = outliers.iter().take(5).map(|run| {
        let href = format!("/{here}/runs/{}", run.run);
        view! {
            <li><span class="outlier-sign" aria-hidden="true">"◆"</span>
                <a href=href><code>{file_name(&run.key)}</code></a>": "{run.outlier.clone()}</li>
        }
        .into_any()
    });
    let marked =
        (!outliers.is_empty()).then(|| view! { <ul class="outliers">{marked.collect_view()}</ul> });
    view! {
        <div class="rows-chart">{bars(here, runs, label)}</div>
        {marked}
        <details class="details"><summary>"As a table"</summary>{table(here, runs)}</details>
    }
    .into_any()
}

fn bars(here: &str, runs: &[RowsOfRun], label: String) -> AnyView {
    let most = runs.iter().map(|run| run.rows_written).max().unwrap_or_default().max(1);
    let step = ((WIDTH - LEFT) / runs.len() as f64).min(WIDEST);
    let bars = runs.iter().enumerate().map(|(at, run)| {
        let x = LEFT + step * at as f64;
        bar(here, run, x, step, run.rows_written as f64 / most as f64)
    });
    view! {
        <svg class="chart" viewBox=format!("0 0 {WIDTH} {HEIGHT}") role="group" aria-label=label>
            <path class="axis" d=format!("M{LEFT} {TOP}H{WIDTH}M{LEFT} {}H{WIDTH}", HEIGHT - 1.0) />
            <text x=LEFT - 8.0 y=TOP + 4.0 text-anchor="end">{count(most)}</text>
            <text x=LEFT - 8.0 y=HEIGHT - 2.0 text-anchor="end">"0"</text>
            {bars.collect_view()}
        </svg>
    }
    .into_any()
}

fn bar(here: &str, run: &RowsOfRun, x: f64, step: f64, share: f64) -> AnyView {
    let full = HEIGHT - TOP - 1.0;
    let height = (full * share).max(1.5);
    let (y, middle) = (HEIGHT - 1.0 - height, x + step / 2.0);
    let class = if run.outlier.is_some() { "wait" } else { "busy" };
    let mark = run.outlier.as_ref().map(|_| {
        let path = format!("M{middle} {}l4 4l-4 4l-4-4z", y - 11.0);
        view! { <path class="bad" d=path /> }
    });
    let href = format!("/{here}/runs/{}", run.run);
    let why = run.outlier.as_ref().map(|why| format!(". Out of the ordinary: {why}"));
    let text = format!("{}: {} rows{}", run.key, count(run.rows_written), why.unwrap_or_default());
    let label = text.clone();
    view! {
        <g><a href=href aria-label=label>
            <rect class=class x=x + step * 0.1 y=y width=step * 0.8 height=height rx="1.5"></rect>
            {mark}<title>{text}</title>
        </a></g>
    }
    .into_any()
}

fn table(here: &str, runs: &[RowsOfRun]) -> AnyView {
    let rows = runs.iter().rev().map(|run| {
        let href = format!("/{here}/runs/{}", run.run);
        view! {
            <tr>
                <th scope="row" class="source-key"><a href=href><code>{run.key.clone()}</code></a></th>
                <td class="nowrap">{run.finished_at.map(|at| view! { <RelativeTime at=at /> })}</td>
                <td class="number">{count(run.rows_written)}</td>
                <td class="number">{count(run.rows_rejected)}</td>
                <td>{run.outlier.clone()}</td>
            </tr>
        }
        .into_any()
    });
    view! {
        <div class="table-scroll"><table class="table">
            <caption class="visually-hidden">"Runs that succeeded, newest first"</caption>
            <thead><tr>
                <th scope="col">"File"</th><th scope="col">"Ended"</th>
                <th scope="col" class="number">"Rows written"</th><th scope="col" class="number">"Rejected"</th>
                <th scope="col">"Out of the ordinary"</th>
            </tr></thead>
            <tbody>{rows.collect_view()}</tbody>
        </table></div>
    }
    .into_any()
}

fn file_name(key: &str) -> String {
    key.rsplit('/').next().unwrap_or(key).to_owned()
}
