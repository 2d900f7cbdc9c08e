//! The open tabs.

use leptos::prelude::*;

use super::bench::Bench;
use crate::api::queries::QueryTab;
use crate::components::icon;

/// The strip above the editor.
pub(super) fn tabs(bench: Bench) -> AnyView {
    let tab = move |tab: QueryTab| {
        let id = tab.id;
        let title = move || {
            bench.tabs.with(|tabs| {
                tabs.iter()
                    .find(|tab| tab.id == id)
                    .map(|tab| tab.title.clone())
                    .unwrap_or_default()
            })
        };
        let current = move || (bench.selected.get() == id).then_some("true");
        view! {
            <li class="query-tab" aria-current=current>
                <button type="button" class="query-tab-name" aria-current=current
                    on:click=move |_| bench.select(id)>{title}</button>
                <button type="button" class="query-tab-close" aria-label=move || format!("Close {}", title())
                    on:click=move |_| bench.close(id)>{icon("cancel")}</button>
            </li>
        }
    };
    view! {
        <nav class="query-tabs" aria-label="Open queries">
            <ul>
                <For each=move || bench.tabs.get() key=|tab| tab.id children=tab />
            </ul>
            <button type="button" class="button button-quiet button-small" aria-label="New query"
                on:click=move |_| _ = bench.open(None, String::new(), None)>{icon("plus")}</button>
        </nav>
    }
    .into_any()
}
