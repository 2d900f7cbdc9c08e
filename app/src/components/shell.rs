//! The frame around every page: environment switcher, navigation, palette, who is signed in.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_location;

use super::icon::icon;
use super::palette::Palette;
use super::toast::ToastRegion;
use crate::api::get;
use crate::api::me::Me;
use crate::place::{use_environment, use_me};

/// The frame. Shows its children alone before sign-in.
#[component]
pub fn ConsoleShell(
    /// The page.
    children: Children,
) -> impl IntoView {
    let me = use_me();
    if me.login.is_empty() {
        return view! { <main id="content" class="outside">{children()}</main> }.into_any();
    }
    view! {
        <a class="skip-link" href="#content">"Skip to content"</a>
        <div class="shell">
            <TopBar />
            <SideNav />
            <main id="content" class="content" tabindex="-1">{children()}</main>
        </div>
        <Palette />
        <ToastRegion />
    }
    .into_any()
}

#[component]
fn TopBar() -> impl IntoView {
    let environment = use_environment();
    view! {
        <header class="top-bar">
            <a class="brand" href=move || format!("/{}", environment.get())>
                <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" focusable="false">
                    <path class="brand-gate" d="M4 3v18M20 3v18M4 6h16"></path>
                    <path class="brand-water" d="M7 11c1.700 0 1.700 1.500 3.400 1.500S12 11 13.700 11s1.700 1.500 3.300 1.500M7 16c1.700 0 1.700 1.500 3.400 1.500S12 16 13.700 16s1.700 1.500 3.300 1.500"></path>
                </svg>
                <span>"Sluice"</span>
            </a>
            <EnvironmentSwitcher />
            <button type="button" class="palette-button" data-opens="palette" aria-haspopup="dialog" aria-label="Go to… (Ctrl K)"
                on:click=move |_| super::dialog::open_dialog("palette")>
                {icon("search")}<span>"Go to…"</span><kbd>"Ctrl K"</kbd>
            </button>
            <AccountMenu />
        </header>
    }
}

/// Links to the same page in another environment. Opens without JavaScript too.
#[component]
fn EnvironmentSwitcher() -> impl IntoView {
    let (me, environment, path) = (use_me(), use_environment(), use_location().pathname);
    let links = move || {
        let (current, path) = (environment.get(), path.get());
        let link = |name: String| {
            let selected = (name == current).then_some("true");
            let (href, dot) = (in_other(&path, &name), name.clone());
            view! { <li><a href=href aria-current=selected><span class="env-dot" data-env=dot></span>{name}</a></li> }
        };
        me.environments.iter().map(ToString::to_string).map(link).collect_view()
    };
    view! {
        <details class="menu env-switcher">
            <summary aria-label=move || format!("Environment {}: choose another", environment.get())>
                <span class="env-dot" data-env=move || environment.get()></span>
                <span class="env-name">{move || environment.get()}</span>
            </summary>
            <ul class="menu-list">{links}</ul>
        </details>
    }
}

/// The page of `path` in another environment; of a single run or table its list, because that very
/// one need not exist there.
fn in_other(path: &str, environment: &str) -> String {
    let mut parts = path.split('/').skip(2);
    match parts.next() {
        Some(
            section @ ("sources" | "transformations" | "lineage" | "runs" | "quality"
            | "quarantine" | "catalog" | "query" | "pipelines" | "approvals"
            | "deployments" | "compare"),
        ) => {
            format!("/{environment}/{section}")
        }
        _ => format!("/{environment}"),
    }
}

#[component]
fn AccountMenu() -> impl IntoView {
    let me = use_me();
    let name = me.name.clone().unwrap_or_else(|| me.login.clone());
    view! {
        <details class="menu account-menu">
            <summary aria-label=format!("Account of {name}")>{icon("user")}<span class="account-name">{me.login.clone()}</span></summary>
            <div class="menu-list">
                <p class="menu-text"><strong>{name}</strong><br/>{format!("Sluice {} · {}", me.version, me.mode)}</p>
                <button type="button" class="menu-item" on:click=move |_| switch_theme()>{icon("theme")}"Light or dark"</button>
                <a class="menu-item" href="/settings/tokens">{icon("settings")}"API tokens"</a>
                <a class="menu-item" href="/api">{icon("file")}"API reference"</a>
                <form method="post" action="/sign-out"><button class="menu-item" type="submit">{icon("next")}"Sign out"</button></form>
            </div>
        </details>
    }
}

const SECTIONS: [(&str, &str, &str); 9] = [
    ("", "overview", "Overview"),
    ("/sources", "sources", "Sources"),
    ("/transformations", "transformations", "Transformations"),
    ("/runs", "runs", "Runs"),
    ("/quarantine", "quarantine", "Quarantine"),
    ("/catalog", "catalog", "Catalog"),
    ("/query", "query", "Query"),
    ("/pipelines", "pipelines", "Pipelines"),
    ("/approvals", "approvals", "Approvals"),
];

#[component]
fn SideNav() -> impl IntoView {
    let (environment, path) = (use_environment(), use_location().pathname);
    let link = move |href: Signal<String>, exact: bool, name: &'static str, text: &'static str| {
        let current = move || {
            let (path, href) = (path.get(), href.get());
            let inside = path
                .strip_prefix(&href)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            (path == href || (!exact && inside)).then_some("page")
        };
        let count = (name == "approvals").then(waiting);
        view! { <li><a href=href aria-current=current>{icon(name)}<span>{text}</span>{count}</a></li> }
    };
    let sections = SECTIONS.map(|(section, name, text)| {
        let href = Signal::derive(move || format!("/{}{section}", environment.get()));
        link(href, section.is_empty(), name, text)
    });
    view! {
        <nav class="side-nav" aria-label="Sections">
            <ul>{sections}</ul>
            <ul class="side-nav-end">
                {link(Signal::stored("/settings".to_owned()), false, "settings", "Settings")}
            </ul>
        </nav>
    }
}

/// How many plans wait for the reader, as it was when they came to the page.
fn waiting() -> impl IntoView {
    let (number, path) = (RwSignal::new(use_me().waiting), use_location().pathname);
    Effect::new(move |seen: Option<()>| {
        path.track();
        if seen.is_some() {
            spawn_local(async move {
                if let Ok(me) = get::<Me>("/api/v1/me").await {
                    let _ = number.try_set(me.waiting);
                }
            });
        }
    });
    move || {
        let number = number.get();
        let label = format!("{number} wait{} for you", if number == 1 { "s" } else { "" });
        (number > 0)
            .then(|| view! { <span class="nav-count" role="img" aria-label=label>{number}</span> })
    }
}

/// Changes between light and dark, and keeps the choice in a cookie that the server reads, so that
/// no page flashes in the other.
pub(super) fn switch_theme() {
    #[cfg(not(feature = "ssr"))]
    {
        use wasm_bindgen::JsCast;
        let Some(root) = document().document_element() else { return };
        let dark_by_system = || {
            let query = window().match_media("(prefers-color-scheme: dark)");
            query.ok().flatten().is_some_and(|query| query.matches())
        };
        let dark = root.get_attribute("data-theme").map_or_else(dark_by_system, |t| t == "dark");
        let theme = if dark { "light" } else { "dark" };
        let _ = root.set_attribute("data-theme", theme);
        let cookie = format!("sluice_theme={theme}; Path=/; Max-Age=31536000; SameSite=Lax");
        let document: web_sys::HtmlDocument = document().unchecked_into();
        let _ = document.set_cookie(&cookie);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_environment_shows_the_same_section() {
        assert_eq!(in_other("/dev/runs/0198-x", "prod"), "/prod/runs");
        assert_eq!(in_other("/dev", "prod"), "/prod");
        assert_eq!(in_other("/settings/audit", "prod"), "/prod");
    }
}
