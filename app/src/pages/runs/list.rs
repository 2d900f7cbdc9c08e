//! The list of runs.

use leptos::prelude::*;

use crate::api::runs::RunSummary;
use crate::api::{Page, get};
use crate::components::{Empty, PageHeader, RelativeTime, loaded, run_status};
use crate::live::use_live;
use crate::place::{in_environment, use_environment};

/// The page.
pub(crate) fn runs() -> impl IntoView {
    let environment = use_environment();
    let runs =
        Resource::new(move || in_environment(&environment.get(), "/runs"), get::<Page<RunSummary>>);
    use_live(move |_, _| runs.refetch());
    view! {
        <PageHeader title="Runs" lead="Every file that arrived, and what became of it." />
        {loaded(runs, 8, table)}
    }
}

fn table(page: Page<RunSummary>) -> AnyView {
    if page.items.is_empty() {
        return view! { <Empty title="No runs yet"><p>"Land a file in the raw zone."</p></Empty> }
            .into_any();
    }
    let row = |run: RunSummary| {
        view! {
            <tr>
                <td>{run_status(run.status)}</td>
                <td>{run.dataset}</td>
                <td><RelativeTime at=run.created_at /></td>
            </tr>
        }
        .into_any()
    };
    view! {
        <div class="card"><div class="table-scroll"><table class="table">
            <thead><tr><th scope="col">"Status"</th><th scope="col">"Dataset"</th><th scope="col">"Recorded"</th></tr></thead>
            <tbody>{page.items.into_iter().map(row).collect_view()}</tbody>
        </table></div></div>
    }
    .into_any()
}
