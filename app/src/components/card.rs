//! Headings, cards and single figures.

use leptos::prelude::*;
use leptos_meta::Title;

/// The head of a page: title (also of the browser's tab), one line about it, actions.
#[component]
pub fn PageHeader(
    /// Title of the page.
    #[prop(into)]
    title: Signal<String>,
    /// What the page is for, or where it stands.
    #[prop(optional, into)]
    lead: MaybeProp<String>,
    /// Links above the title, as (path, text).
    #[prop(optional)]
    crumbs: Vec<(String, String)>,
    /// Buttons and links at the right.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let crumbs = (!crumbs.is_empty()).then(|| {
        let links = crumbs.into_iter().map(|(path, text)| view! { <li><a href=path>{text}</a></li> });
        view! { <nav class="crumbs" aria-label="Above this page"><ol>{links.collect_view()}</ol></nav> }
    });
    // Between two pages the browser's title is asked for once more, when this page may be gone.
    let text = move || title.try_get().unwrap_or_default();
    view! {
        <Title text=text />
        <header class="page-header">
            <div class="page-header-text">
                {crumbs}
                <h1>{title}</h1>
                {move || lead.get().map(|lead| view! { <p class="lead">{lead}</p> })}
            </div>
            {children.map(|children| view! { <div class="actions">{children()}</div> })}
        </header>
    }
}

/// A titled surface.
#[component]
pub fn Card(
    /// Its title.
    #[prop(into)]
    title: String,
    /// A short remark beside the title.
    #[prop(optional, into)]
    note: Option<String>,
    /// Its content.
    children: Children,
) -> impl IntoView {
    view! {
        <section class="card">
            <header class="card-header">
                <h2>{title}</h2>
                {note.map(|note| view! { <span class="muted">{note}</span> })}
            </header>
            <div class="card-body">{children()}</div>
        </section>
    }
}

/// One figure with its name, for rows of figures.
#[component]
pub fn Stat(
    /// What it counts.
    #[prop(into)]
    label: String,
    /// The figure.
    #[prop(into)]
    value: String,
    /// What it means, in a few words.
    #[prop(optional, into)]
    note: Option<String>,
) -> impl IntoView {
    view! {
        <div class="stat">
            <dt>{label}</dt>
            <dd>{value}</dd>
            {note.map(|note| view! { <dd class="stat-note">{note}</dd> })}
        </div>
    }
}
