//! Runs that rejected rows, by dataset.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::words::{file_name, kind_chip};
use crate::api::get;
use crate::api::quarantine::{Quarantine, RejectingDataset, RejectingRun};
use crate::components::{Card, Empty, PageHeader, Pager, RelativeTime, loaded, run_status};
use crate::format::{count, share};
use crate::live::use_live;
use crate::place::{in_environment, use_environment};

/// The page.
pub(crate) fn quarantine() -> impl IntoView {
    let (environment, query) = (use_environment(), use_query_map());
    let asked = move || {
        let mut asked = query.get();
        asked.remove("limit");
        in_environment(&environment.get(), &format!("/quarantine{}", asked.to_query_string()))
    };
    let held = Resource::new(asked, get::<Quarantine>);
    use_live(move |_, _| held.refetch());
    let show = move |held: Quarantine| {
        let dataset = query.get_untracked().get("dataset").filter(|name| !name.is_empty());
        page(held, environment.get_untracked(), dataset)
    };
    view! {
        <PageHeader title="Quarantine"
            lead="Rows that did not fit their source. They are kept as they stand in the file, until you change the source and replay, or leave them." />
        {loaded(held, 8, show)}
    }
}

fn page(held: Quarantine, environment: String, dataset: Option<String>) -> AnyView {
    if held.datasets.is_empty() {
        let runs = format!("/{environment}/runs");
        return view! {
            <Empty title="No row was rejected.">
                <p>"Every row that was read fits its source. Rows that do not will show up here with file, line, column and reason. "<a href=runs>"See all runs"</a></p>
            </Empty>
        }
        .into_any();
    }
    let datasets = held.datasets.into_iter();
    let datasets = datasets.map(|row| dataset_row(row, &environment, dataset.as_deref()));
    let datasets = datasets.collect_view();
    let all = dataset.is_some().then(|| {
        let path = format!("/{environment}/quarantine");
        view! { <a class="button button-small" href=path>"Show all datasets"</a> }
    });
    let title = match &dataset {
        Some(dataset) => format!("Runs of {dataset}"),
        None => "Runs".to_owned(),
    };
    let runs = match held.runs.items.is_empty() {
        true => view! { <p class="muted">"No further run rejected rows."</p> }.into_any(),
        false => run_table(held.runs.items, &environment),
    };
    view! {
        <div class="stack">
            <Card title="By dataset">
                <div class="table-scroll"><table class="table">
                    <thead><tr>
                        <th scope="col">"Dataset"</th>
                        <th scope="col" class="number">"Runs"</th>
                        <th scope="col" class="number">"Rejected rows"</th>
                        <th scope="col" class="number">"Share of rows read"</th>
                    </tr></thead>
                    <tbody>{datasets}</tbody>
                </table></div>
            </Card>
            {all}
            <Card title=title note="newest first">{runs}</Card>
            <Pager next=held.runs.next />
        </div>
    }
    .into_any()
}

fn dataset_row(row: RejectingDataset, environment: &str, chosen: Option<&str>) -> AnyView {
    let name = row.dataset.to_string();
    let path = format!("/{environment}/quarantine?dataset={}", name.replace('/', "%2F"));
    let current = (chosen == Some(name.as_str())).then_some("true");
    view! {
        <tr>
            <th scope="row"><a href=path aria-current=current>{name}</a></th>
            <td class="number">{count(row.runs)}</td>
            <td class="number">{count(row.rows_rejected)}</td>
            <td class="number">{share(row.rows_rejected, row.rows_read)}</td>
        </tr>
    }
    .into_any()
}

fn run_table(runs: Vec<RejectingRun>, environment: &str) -> AnyView {
    let rows = runs.into_iter().map(|run| run_row(run, environment)).collect_view();
    view! {
        <div class="table-scroll"><table class="table">
            <thead><tr>
                <th scope="col">"File"</th>
                <th scope="col" class="number">"Rejected"</th>
                <th scope="col">"Most frequent"</th>
                <th scope="col">"Run"</th>
                <th scope="col">"Recorded"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
    }
    .into_any()
}

fn run_row(run: RejectingRun, environment: &str) -> AnyView {
    let path = format!("/{environment}/quarantine/{}", run.id);
    let newer = run.newer.map(|newer| {
        let path = format!("/{environment}/runs/{newer}");
        view! { <a href=path title="A later run read the same file again">"run again"</a> }
    });
    let kinds = match run.kinds.is_empty() {
        true => view! { <span class="muted">"not kept, by the source's policy"</span> }.into_any(),
        false => run.kinds.into_iter().map(kind_chip).collect_view().into_any(),
    };
    view! {
        <tr>
            <th scope="row" class="two-lines">
                <a href=path title=run.key.clone()>{file_name(&run.key)}</a>
                <span class="muted">{run.dataset.to_string()}</span>
            </th>
            <td class="number two-lines">
                <span>{count(run.rows_rejected)}</span>
                <span class="muted">{share(run.rows_rejected, run.rows_read)}</span>
            </td>
            <td><span class="kinds">{kinds}</span></td>
            <td class="two-lines">{run_status(run.status)}{newer}</td>
            <td class="nowrap"><RelativeTime at=run.created_at /></td>
        </tr>
    }
    .into_any()
}
