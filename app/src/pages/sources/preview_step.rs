//! What a run of the sample would do, shown anew after each change.

use leptos::prelude::*;

use super::draft::Draft;
use crate::api::samples::SourcePreview;
use crate::components::{Stat, failure, rows_skeleton};
use crate::format::count;

/// How long nobody must type before the preview is asked for again.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(600);

/// The preview; it follows the draft.
pub(super) fn preview_step(draft: Draft) -> AnyView {
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    Effect::new(move |_| {
        draft.source.track();
        draft.sample.track();
        if let Some(handle) = waiting.get_value() {
            handle.clear();
        }
        waiting.set_value(set_timeout_with_handle(move || draft.preview_now(), PAUSE).ok());
    });
    let content = move || {
        match draft.preview.get() {
        _ if draft.sample.with(Option::is_none) => view! {
            <p class="muted">"Choose a sample above to see what a run would make of it."</p>
        }
        .into_any(),
        _ if !draft.faults().is_empty() => view! {
            <p class="notice" data-tone="wait">"The preview waits until the registration above is without fault."</p>
        }
        .into_any(),
        None => rows_skeleton(5),
        Some(Ok(preview)) => shown(draft, &preview),
        Some(Err(problem)) => failure(problem),
    }
    };
    let busy = move || draft.previewing.get().to_string();
    view! {
        <div class="stack preview" aria-busy=busy>{content}</div>
    }
    .into_any()
}

fn shown(draft: Draft, preview: &SourcePreview) -> AnyView {
    let verdict = match &preview.would_fail {
        Some(why) => view! { <p class="failure" role="alert"><strong>"A run of this file would fail: "</strong>{why.clone()}</p> }
            .into_any(),
        None => ().into_any(),
    };
    let of = if preview.is_whole { "the whole sample" } else { "the beginning of the sample" };
    let extra = (!preview.extra.is_empty() && preview.would_fail.is_none()).then(|| {
        view! { <p class="notice" data-tone="wait">"Not pinned, and left to the drift policy: "{preview.extra.join(", ")}</p> }
    });
    let written = preview.rows_read - preview.rows_rejected;
    // Said aloud after each change; the tables below are not.
    let spoken = format!(
        "Preview: {} rows would be written, {} rejected",
        count(written),
        count(preview.rows_rejected)
    );
    view! {
        <p class="visually-hidden" role="status">{spoken}</p>
        {verdict}
        {extra}
        <dl class="stats">
            <Stat label="Rows read" value=count(preview.rows_read) note=of />
            <Stat label="Would be written" value=count(written) />
            <Stat label="Would be rejected" value=count(preview.rows_rejected)
                note=crate::format::share(preview.rows_rejected, preview.rows_read) />
            <Stat label="Days" value=count(preview.partition_count) note=days(preview) />
        </dl>
        {rejected(preview)}
        {conformed(draft, preview)}
    }
    .into_any()
}

fn days(preview: &SourcePreview) -> String {
    let first: Vec<_> = preview.partitions.iter().take(3).map(|(day, _)| day.as_str()).collect();
    let more = if preview.partition_count > 3 { ", …" } else { "" };
    format!("{}{more}", first.join(", "))
}

fn rejected(preview: &SourcePreview) -> AnyView {
    if preview.rejected.is_empty() {
        return ().into_any();
    }
    let reasons = preview.reasons.iter().take(8).map(|reason| {
        let column = reason.column.clone().map(|column| view! { " in "<code>{column}</code> });
        view! { <li><strong>{count(reason.rows)}</strong>" "{reason.reason.replace('_', " ")}{column}</li> }.into_any()
    });
    let rows = preview.rejected.iter().map(|row| {
        view! {
            <tr>
                <td class="number">{row.line}</td>
                <td><code>{row.column.clone()}</code></td>
                <td>{row.detail.clone()}</td>
                <td class="source-raw"><code>{row.raw.clone()}</code></td>
            </tr>
        }
        .into_any()
    });
    view! {
        <section>
            <h3>"Rows that would be rejected"</h3>
            <ul class="reasons">{reasons.collect_view()}</ul>
            <div class="table-scroll sample-rows" tabindex="0" role="group" aria-label="Rejected rows"><table class="table">
                <caption class="visually-hidden">"The first rows that would be rejected"</caption>
                <thead><tr>
                    <th scope="col" class="number">"Line"</th><th scope="col">"Column"</th>
                    <th scope="col">"Why"</th><th scope="col">"Text"</th>
                </tr></thead>
                <tbody>{rows.collect_view()}</tbody>
            </table></div>
        </section>
    }
    .into_any()
}

fn conformed(draft: Draft, preview: &SourcePreview) -> AnyView {
    let columns = draft.source.with_untracked(|source| {
        source.as_ref().map(|source| source.columns.clone()).unwrap_or_default()
    });
    let heads = columns.iter().map(|column| {
        view! { <th scope="col">{column.name.clone()}<span class="muted">" "{column.column_type.to_string()}</span></th> }
            .into_any()
    });
    let rows = preview.rows.iter().map(|row| {
        let cells = row.iter().map(|cell| match cell {
            Some(text) => view! { <td>{text.clone()}</td> }.into_any(),
            None => view! { <td class="muted">"empty"</td> }.into_any(),
        });
        view! { <tr>{cells.collect_view()}</tr> }.into_any()
    });
    view! {
        <section>
            <h3>{format!("The first {} conformed rows", preview.rows.len())}</h3>
            <div class="table-scroll sample-rows" tabindex="0" role="group" aria-label="Conformed rows"><table class="table">
                <caption class="visually-hidden">"The first conformed rows"</caption>
                <thead><tr>{heads.collect_view()}</tr></thead>
                <tbody>{rows.collect_view()}</tbody>
            </table></div>
        </section>
    }
    .into_any()
}
