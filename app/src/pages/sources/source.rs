//! One source: how it is read, what arrived, what its days and runs hold.

use domain::access::Permission;
use domain::source::Source;
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::arrivals::arrivals;
use super::rows_chart::rows_chart;
use super::versions::versions;
use crate::api::get;
use crate::api::sources::{PartitionCalendar, RowsOfRun, SourceDetail};
use crate::components::{
    Calendar, Card, PageHeader, RelativeTime, Stat, Upload, icon, loaded, run_status, status_badge,
};
use crate::format::{bytes, count};
use crate::place::{in_environment, may, use_environment};

/// The page.
pub(crate) fn source() -> impl IntoView {
    let (environment, params, query) = (use_environment(), use_params_map(), use_query_map());
    let dataset = Memo::new(move |_| {
        let part = |name: &str| params.get().get(name).unwrap_or_default();
        format!("{}/{}", part("system"), part("table"))
    });
    let api = move || in_environment(&environment.get(), &format!("/sources/{}", dataset.get()));
    let detail = Resource::new(api, get::<SourceDetail>);
    let year = move || query.get().get("year").map(|year| format!("?year={year}"));
    let days = Resource::new(
        move || format!("{}/calendar{}", api(), year().unwrap_or_default()),
        get::<PartitionCalendar>,
    );
    let rows = Resource::new(move || format!("{}/rows-per-run", api()), get::<Vec<RowsOfRun>>);
    crate::live::use_live(move |_, changed| {
        if changed == dataset.get_untracked() {
            detail.refetch();
            days.refetch();
            rows.refetch();
        }
    });
    let may_edit = may(Permission::EditSources);
    let edit = move || {
        may_edit.get().then(|| {
            let href = format!("/{}/sources/new?dataset={}", environment.get(), dataset.get());
            view! { <a class="button" href=href>"Edit"</a> }
        })
    };
    let quarantine = move || format!("/{}/quarantine?dataset={}", environment.get(), dataset.get());
    let runs = move || format!("/{}/runs?dataset={}", environment.get(), dataset.get());
    let crumbs = vec![(format!("/{}/sources", environment.get_untracked()), "Sources".to_owned())];
    view! {
        <PageHeader title=dataset crumbs=crumbs>
            <a class="button" href=runs>{icon("runs")}"Runs"</a>
            <a class="button" href=quarantine>{icon("quarantine")}"Quarantine"</a>
            {edit}
        </PageHeader>
        <div class="stack">
            {loaded(detail, 6, move |detail| figures(&environment.get_untracked(), &detail))}
            <Card title="Days" note="Rows of each day in the conformed table, and runs that failed">
                {loaded(days, 4, move |days| {
                    let href = |year: i16| format!("?year={year}");
                    Calendar { here: &environment.get_untracked(), days: &days, year_href: &href, counts_failures: true }.view()
                })}
            </Card>
            <Card title="Rows per run" note="Each run is compared with the 30 before it">
                {loaded(rows, 4, move |rows| rows_chart(&environment.get_untracked(), &rows))}
            </Card>
            {loaded(detail, 8, move |detail| registration(&detail))}
            <Card title="Upload">
                <Upload dataset=dataset />
            </Card>
            <Card title="Arrivals">{arrivals(environment, dataset)}</Card>
            {loaded(detail, 2, move |detail| versions(&detail.versions))}
        </div>
    }
}

fn figures(here: &str, detail: &SourceDetail) -> AnyView {
    let Some(current) = detail.versions.first() else { return ().into_any() };
    let status = match &detail.last_run {
        Some(run) => {
            let href = format!("/{here}/runs/{}", run.id);
            view! { <a href=href>{run_status(run.status)}</a>" "<RelativeTime at=run.landed_at /> }
                .into_any()
        }
        None => status_badge("calm", "No arrival yet"),
    };
    let size = detail.size;
    view! {
        <section class="card"><div class="card-body stack">
            {current.source.description.clone().map(|text| view! { <p>{text}</p> })}
            <dl class="stats">
                <Stat label="Rows" value=count(size.rows) />
                <Stat label="Size" value=bytes(size.bytes) />
                <Stat label="Days" value=count(size.partitions) />
                <Stat label="Columns" value=count(current.source.columns.len() as u64) />
                <Stat label="Version" value=current.version.to_string() />
            </dl>
            <dl class="source-facts">
                <div><dt>"Last arrival"</dt><dd>{status}</dd></div>
                <div><dt>"Fresh"</dt><dd>{match detail.fresh_at {
                    Some(at) => view! { <RelativeTime at=at /> }.into_any(),
                    None => "never".into_any(),
                }}</dd></div>
                <div><dt>"Owner"</dt><dd>{current.source.owner.clone()}</dd></div>
                <div><dt>"Conformed table"</dt><dd>{in_catalog(here, &detail.conformed_table)}</dd></div>
                <div><dt>"Purpose-built table"</dt><dd>{in_catalog(here, &detail.purpose_built_table)}</dd></div>
            </dl>
        </div></section>
    }
    .into_any()
}

/// A table's name, leading to its page.
fn in_catalog(here: &str, table: &str) -> AnyView {
    let href = format!("/{here}/catalog/{}", table.replacen('.', "/", 1));
    view! { <a href=href><code>{table.to_owned()}</code></a> }.into_any()
}

fn registration(detail: &SourceDetail) -> AnyView {
    let Some(current) = detail.versions.first() else { return ().into_any() };
    let source = &current.source;
    let facts = [
        ("Format", source.format.in_words()),
        ("Partition", source.partition.in_words()),
        ("Rows that do not fit", source.malformed.in_words()),
        ("Columns that differ", super::words::drift_title(source.drift).to_owned()),
    ];
    let facts = facts.map(|(name, text)| view! { <div><dt>{name}</dt><dd>{text}</dd></div> });
    let columns = columns(source);
    view! {
        <Card title="Registration" note=format!("Version {}", current.version)>
            <dl class="source-facts">{facts}</dl>
            {columns}
        </Card>
    }
    .into_any()
}

fn columns(source: &Source) -> AnyView {
    let rows = source.columns.iter().map(|column| {
        view! {
            <tr>
                <th scope="row"><code>{column.name.clone()}</code></th>
                <td><code>{column.column_type.to_string()}</code></td>
                <td>{if column.nullable { "may be empty" } else { "never empty" }}</td>
                <td><code>{column.format.clone().unwrap_or_default()}</code></td>
                <td><code>{column.source_name.clone()}</code></td>
                <td>{column.description.clone()}</td>
            </tr>
        }
        .into_any()
    });
    view! {
        <div class="table-scroll"><table class="table">
            <caption class="visually-hidden">"Pinned columns"</caption>
            <thead><tr>
                <th scope="col">"Column"</th><th scope="col">"Type"</th><th scope="col">"Empty"</th>
                <th scope="col">"Written as"</th><th scope="col">"In the file"</th><th scope="col">"Description"</th>
            </tr></thead>
            <tbody>{rows.collect_view()}</tbody>
        </table></div>
    }
    .into_any()
}
