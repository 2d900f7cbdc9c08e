//! What a table holds, how fresh it is, and where it comes from.

use leptos::prelude::*;

use crate::api::catalog::{TableDetail, TableOrigin};
use crate::components::{CopyButton, RelativeTime, Stat};
use crate::format::{bytes, count};

/// The card at the top of the page.
pub(super) fn figures(here: &str, detail: &TableDetail) -> AnyView {
    let size = detail.size;
    let description = match &detail.description {
        Some(text) => view! { <p class="catalog-description">{text.clone()}</p> }.into_any(),
        None => view! { <p class="muted">"Nobody has described this table yet."</p> }.into_any(),
    };
    view! {
        <section class="card" aria-label="Figures"><div class="card-body stack">
            {description}
            <dl class="stats">
                <Stat label="Rows" value=count(size.rows) />
                <Stat label="Size" value=bytes(size.bytes) />
                <Stat label="Days" value=count(size.partitions) />
                <Stat label="Files" value=count(detail.files) />
                <Stat label="Columns" value=count(detail.columns.len() as u64) />
            </dl>
            <dl class="source-facts catalog-facts">
                <div><dt>"Changed"</dt><dd>{changed(here, detail)}</dd></div>
                <div><dt>"Holds"</dt><dd>{span(detail)}</dd></div>
                {detail.origin.as_ref().map(|origin| from(here, detail, origin))}
                <div><dt>"Folder"</dt><dd>{detail.zone.clone()}" / "<code>{detail.location.clone()}</code></dd></div>
            </dl>
            <details class="details">
                <summary>"SQL for the newest day"</summary>
                <div class="catalog-sql">
                    <pre tabindex="0" aria-label="SQL for the newest day"><code>{detail.example_sql.clone()}</code></pre>
                    <CopyButton label="Copy SQL" text=detail.example_sql.clone() />
                </div>
            </details>
        </div></section>
    }
    .into_any()
}

fn changed(here: &str, detail: &TableDetail) -> AnyView {
    let Some(last) = &detail.last_write else { return "no day yet".into_any() };
    let href = format!("/{here}/runs/{}", last.run);
    let kind = &detail.defined_by;
    let by = last.definition_version.map(|version| format!(" by version {version} of the {kind}"));
    view! { <RelativeTime at=last.at />" by "<a href=href>"a run"</a>{by} }.into_any()
}

fn span(detail: &TableDetail) -> String {
    match (&detail.first_day, &detail.last_day) {
        (Some(first), Some(last)) if first == last => format!("one day, {first}"),
        (Some(first), Some(last)) => format!("{first} to {last}"),
        _ => "no day yet".to_owned(),
    }
}

fn from(here: &str, detail: &TableDetail, origin: &TableOrigin) -> AnyView {
    let kind = &detail.defined_by;
    let href = format!("/{here}/{kind}s/{}", origin.dataset);
    let definition = match &origin.definition {
        Some(found) => {
            let text = format!("{kind} {}", origin.dataset);
            let version = format!(", version {} by {}", found.version, found.author);
            view! { <a href=href>{text}</a>{version} }.into_any()
        }
        None => view! { {format!("{} (its {kind} is gone)", origin.dataset)} }.into_any(),
    };
    let reads = origin.reads.iter().map(|table| {
        let href = format!("/{here}/catalog/{}", table.replacen('.', "/", 1));
        view! { <li><a href=href><code>{table.clone()}</code></a></li> }
    });
    let reads = (!origin.reads.is_empty()).then(|| {
        view! { <div><dt>"Reads"</dt><dd><ul>{reads.collect_view()}</ul></dd></div> }
    });
    view! {
        <div><dt>"Made by"</dt><dd>{definition}</dd></div>
        {reads}
        {origin.owner.clone().map(|owner| view! { <div><dt>"Owner"</dt><dd>{owner}</dd></div> })}
    }
    .into_any()
}
