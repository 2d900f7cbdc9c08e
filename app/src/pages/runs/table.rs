//! Runs as rows.

use domain::run::RunStatus;
use leptos::prelude::*;

use super::filters::trigger_word;
use crate::api::runs::RunSummary;
use crate::components::{RelativeTime, run_status};
use crate::format;

/// A table of runs, each with a link to its page. Inside of it, times are relative.
pub(crate) fn run_table(
    environment: &str,
    caption: &'static str,
    runs: Vec<RunSummary>,
) -> AnyView {
    let rows = runs.into_iter().map(|run| row(environment, run)).collect_view();
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label=caption>
            <table class="table run-table">
                <caption class="visually-hidden">{caption}</caption>
                <thead>
                    <tr>
                        <th scope="col">"Status"</th>
                        <th scope="col">"File"</th>
                        <th scope="col">"Dataset"</th>
                        <th scope="col" class="number">"Rows"</th>
                        <th scope="col" class="number">"Rejected"</th>
                        <th scope="col" class="number">"Took"</th>
                        <th scope="col">"Started by"</th>
                        <th scope="col">"Recorded"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// The address of a run.
pub(crate) fn run_link(environment: &str, run: impl std::fmt::Display) -> String {
    format!("/{environment}/runs/{run}")
}

/// Where the source of a held run is registered, with its file as the sample.
pub(crate) fn register_link(environment: &str, run: &RunSummary) -> String {
    let escape = leptos_router::location::Url::escape;
    let (dataset, key) = (escape(&run.dataset.to_string()), escape(&run.key));
    format!("/{environment}/sources/new?dataset={dataset}&key={key}")
}

fn row(environment: &str, run: RunSummary) -> AnyView {
    let dataset = run.dataset.to_string();
    let source = format!("/{environment}/sources/{dataset}");
    let rejected = match run.rows_rejected {
        0 => view! { <span class="muted">"0"</span> }.into_any(),
        many => {
            let href = format!("/{environment}/quarantine/{}", run.id);
            view! { <a href=href class="rejected">{format::count(many)}</a> }.into_any()
        }
    };
    let begun = run.started_at.is_some();
    let rows = if begun { format::count(run.rows_read) } else { "–".to_owned() };
    let took = run.seconds().map_or_else(|| "–".to_owned(), format::seconds);
    let by = match run.actor.as_str() {
        "sluice" => trigger_word(run.trigger).to_owned(),
        actor => format!("{}, {actor}", trigger_word(run.trigger)),
    };
    let why = (run.status != RunStatus::Succeeded).then(|| run.failure.clone()).flatten();
    let why = why.map(|why| match run.status {
        RunStatus::Held => {
            let href = register_link(environment, &run);
            view! { <p><a href=href title=why>"Register its source"</a>" to let it go on"</p> }
                .into_any()
        }
        _ => view! { <p class="run-why" title=why.clone()>{why.clone()}</p> }.into_any(),
    });
    view! {
        <tr>
            <td>{run_status(run.status)}</td>
            <td class="run-file">
                <a href=run_link(environment, run.id) title=run.key.clone()>{run.file().to_owned()}</a>
                {why}
            </td>
            <td><a class="quiet" href=source>{dataset}</a></td>
            <td class="number">{rows}</td>
            <td class="number">{if begun { rejected } else { "–".into_any() }}</td>
            <td class="number">{took}</td>
            <td class="nowrap">{by}</td>
            <td><RelativeTime at=run.created_at /></td>
        </tr>
    }
    .into_any()
}
