//! Exactly which versions a run used.

use leptos::prelude::*;

use crate::api::runs::{RunDetail, VersionUsed};
use crate::components::{Card, absolute};

/// Object, source, SQL and engine. `open` keeps the SQL open while the page refreshes.
pub(super) fn versions(environment: &str, detail: &RunDetail, open: RwSignal<bool>) -> AnyView {
    let source = detail.source.as_ref().map(|used| {
        let href = format!("/{environment}/sources/{}", detail.run.dataset);
        view! { <dt>"Source"</dt><dd><a href=href>{format!("version {}", used.version)}</a>{saved(used)}</dd> }
    });
    let transformation = detail.transformation.as_ref().map(|used| {
        view! { <dt>"Transformation"</dt><dd>{format!("version {}", used.version)}{saved(used)}{sql(used, open)}</dd> }
    });
    let engine = (!detail.engine.is_empty())
        .then(|| view! { <dt>"Engine"</dt><dd class="mono">{detail.engine.clone()}</dd> });
    let (key, object) = (detail.run.key.clone(), detail.object_version.clone());
    let landed = format!(" landed {}", absolute(detail.landed_at));
    view! {
        <Card title="Exactly these versions">
            <dl class="facts">
                <dt>"File"</dt><dd class="mono">{key}</dd>
                <dt>"Object"</dt>
                <dd><span class="mono">{object}</span><span class="muted">{landed}</span></dd>
                {source}
                {transformation}
                {engine}
            </dl>
        </Card>
    }
    .into_any()
}

fn saved(used: &VersionUsed) -> Option<AnyView> {
    let at = used.saved_at?;
    let text = format!(" saved by {} {}", used.author, absolute(at));
    Some(view! { <span class="muted">{text}</span> }.into_any())
}

fn sql(used: &VersionUsed, open: RwSignal<bool>) -> Option<AnyView> {
    let sql = used.sql.clone()?;
    let toggle = move |_| open.update(|open| *open = !*open);
    Some(
        view! {
            <details class="details" open=open.get_untracked()>
                <summary on:click=toggle>"SQL of this version"</summary>
                <pre class="run-sql" tabindex="0">{sql}</pre>
            </details>
        }
        .into_any(),
    )
}
