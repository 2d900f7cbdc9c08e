//! The versions of a source, and what changed in each.

use domain::source::Change;
use leptos::prelude::*;

use crate::api::sources::SavedSource;
use crate::components::{Card, RelativeTime};

/// All versions, newest first; each says what it changed.
pub(super) fn versions(versions: &[SavedSource]) -> AnyView {
    let earlier = versions.iter().skip(1).map(Some).chain([None]);
    let items = versions.iter().zip(earlier).map(|(saved, earlier)| {
        let changes = match earlier {
            Some(earlier) => changes(&saved.source.changes_since(&earlier.source)),
            None => view! { <p class="muted">"First registration"</p> }.into_any(),
        };
        view! {
            <li>
                <p><strong>{format!("Version {}", saved.version)}</strong>
                    <span class="muted">" by "{saved.author.clone()}", "<RelativeTime at=saved.saved_at /></span></p>
                {changes}
            </li>
        }
        .into_any()
    });
    let items: Vec<_> = items.collect();
    view! { <Card title="Versions"><ol class="versions">{items}</ol></Card> }.into_any()
}

/// Differences, each with before and after.
pub(super) fn changes(changes: &[Change]) -> AnyView {
    if changes.is_empty() {
        return view! { <p class="muted">"Nothing differs"</p> }.into_any();
    }
    let rows = changes.iter().map(|change| {
        let before = change.before.clone().map(|text| view! { <del>{text}</del> });
        let after = change.after.clone().map(|text| view! { <ins>{text}</ins> });
        let arrow = (before.is_some() && after.is_some()).then_some(" → ");
        view! { <li><span class="change-what">{change.what.clone()}</span>" "{before}{arrow}{after}</li> }
            .into_any()
    });
    view! { <ul class="changes diff">{rows.collect_view()}</ul> }.into_any()
}
