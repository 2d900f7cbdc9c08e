//! What the SQL in the editor does: one tab for each question. The tab is in the address.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate, use_query_map};

use super::desk::Desk;
use super::{history, impact, output, preview, tests};
use crate::components::dataset_lineage;

const TABS: [(&str, &str); 6] = [
    ("output", "Output"),
    ("preview", "Preview"),
    ("impact", "Impact"),
    ("tests", "Tests"),
    ("history", "History"),
    ("lineage", "Lineage"),
];

/// The tabs with the content of the one that is chosen.
pub(super) fn tabs(desk: Desk, test_names: Vec<String>, table: String) -> AnyView {
    let query = use_query_map();
    let current = Memo::new(move |_| {
        let asked = query.get().get("tab").unwrap_or_default();
        TABS.iter().find(|tab| tab.0 == asked).map_or("output", |tab| tab.0)
    });
    let links: Vec<_> = TABS.iter().map(|tab| link(*tab, current)).collect();
    let content = move || match current.get() {
        "preview" => preview::preview(desk),
        "impact" => impact::impact(desk),
        "tests" => tests::tests(desk, test_names.clone()),
        "history" => history::history(desk),
        "lineage" => dataset_lineage(desk.environment, desk.dataset.get_value(), &table),
        _ => output::output(desk),
    };
    view! {
        <section class="card desk-tabs">
            <nav class="tabs" aria-label="About this SQL">{links}</nav>
            <div class="card-body">{content}</div>
        </section>
    }
    .into_any()
}

/// A link that changes the address and leaves the page where it is scrolled to.
fn link((name, text): (&'static str, &'static str), current: Memo<&'static str>) -> AnyView {
    let (path, navigate) = (use_location().pathname, use_navigate());
    let href = move || format!("{}?tab={name}", path.get());
    let go = move |event: leptos::ev::MouseEvent| {
        if event.ctrl_key() || event.meta_key() || event.shift_key() {
            return;
        }
        event.prevent_default();
        let to = format!("{}?tab={name}", path.get_untracked());
        navigate(&to, NavigateOptions { scroll: false, replace: true, ..Default::default() });
    };
    view! {
        <a href=href aria-current=move || (current.get() == name).then_some("page") on:click=go>{text}</a>
    }
    .into_any()
}
