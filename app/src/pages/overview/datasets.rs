//! The datasets that had a run last.

use leptos::prelude::*;

use crate::api::overview::{DatasetState, Overview};
use crate::components::{Card, RelativeTime, run_status};
use crate::format;
use crate::pages::runs::run_link;

/// A table of them.
pub(super) fn datasets(environment: &str, overview: Overview) -> AnyView {
    let all = format!("/{environment}/sources");
    let rows = overview.datasets.into_iter().map(|state| row(environment, state)).collect_view();
    view! {
        <Card title="Datasets" note="The last ones that had a run">
            <div class="table-scroll" tabindex="0" role="region" aria-label="Datasets">
                <table class="table">
                    <thead><tr>
                        <th scope="col">"Dataset"</th>
                        <th scope="col">"Last run"</th>
                        <th scope="col">"When"</th>
                        <th scope="col" class="number">"Rows today"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <p class="entries-more"><a href=all>"All sources"</a></p>
        </Card>
    }
    .into_any()
}

fn row(environment: &str, state: DatasetState) -> AnyView {
    let dataset = state.dataset.to_string();
    let source = format!("/{environment}/sources/{dataset}");
    let link = run_link(environment, state.last_run);
    let name = format!("Last run of {dataset}");
    view! {
        <tr>
            <th scope="row"><a href=source>{dataset}</a></th>
            <td><a class="quiet" href=link aria-label=name>{run_status(state.status)}</a></td>
            <td class="nowrap"><RelativeTime at=state.created_at /></td>
            <td class="number">{format::count(state.rows_today)}</td>
        </tr>
    }
    .into_any()
}
