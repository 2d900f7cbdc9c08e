//! The arrivals of a dataset with the runs they became.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::api::sources::DatasetArrival;
use crate::api::{Page, get};
use crate::components::{Empty, Pager, RelativeTime, loaded, run_status};
use crate::format::{bytes, count};
use crate::place::in_environment;

/// A page of arrivals, newest first.
pub(super) fn arrivals(environment: Memo<String>, dataset: Memo<String>) -> AnyView {
    let query = use_query_map();
    let page = Resource::new(
        move || {
            let after = query.get().get("after");
            let after = after.map(|run| format!("&after={run}")).unwrap_or_default();
            let path = format!("/sources/{}/arrivals?limit=20{after}", dataset.get());
            in_environment(&environment.get(), &path)
        },
        get::<Page<DatasetArrival>>,
    );
    crate::live::use_live(move |_, changed| {
        if changed == dataset.get_untracked() {
            page.refetch();
        }
    });
    loaded(page, 5, move |page| {
        if page.items.is_empty() {
            let folder = dataset.get_untracked();
            return view! {
                <Empty title="No file arrived yet">
                    <p>"Put a file at "<code>{format!("{folder}/…")}</code>" in the raw zone."</p>
                </Empty>
            }
            .into_any();
        }
        let here = environment.get_untracked();
        let rows = page.items.into_iter().map(|arrival| row(&here, arrival)).collect_view();
        view! {
            <div class="table-scroll"><table class="table">
                <caption class="visually-hidden">"Arrivals, newest first"</caption>
                <thead><tr>
                    <th scope="col">"File"</th><th scope="col">"Run"</th><th scope="col">"Landed"</th>
                    <th scope="col" class="number">"Size"</th>
                    <th scope="col" class="number">"Rows written"</th>
                    <th scope="col" class="number">"Rejected"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
            <Pager next=page.next />
        }
        .into_any()
    })
}

fn row(here: &str, arrival: DatasetArrival) -> AnyView {
    let href = format!("/{here}/runs/{}", arrival.run);
    let rejected = match arrival.rows_rejected {
        Some(rows) if rows > 0 => {
            let href = format!("/{here}/quarantine/{}", arrival.run);
            view! { <a href=href>{count(rows)}</a> }.into_any()
        }
        rows => rows.map(count).into_any(),
    };
    view! {
        <tr>
            <th scope="row" class="source-key"><code>{arrival.key}</code></th>
            <td><a href=href>{run_status(arrival.status)}</a></td>
            <td class="nowrap"><RelativeTime at=arrival.landed_at /></td>
            <td class="number">{bytes(arrival.size)}</td>
            <td class="number">{arrival.rows_written.map(count)}</td>
            <td class="number">{rejected}</td>
        </tr>
    }
    .into_any()
}
