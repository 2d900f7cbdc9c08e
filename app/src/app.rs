//! The root of the console: which path shows which page.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::{SsrMode, path};

use crate::components::{ConsoleShell, provide_toasts};
use crate::{pages, place};

/// The console. The same on the server and in the browser.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_toasts();
    place::provide_me();
    // Whole pages, never streamed in pieces: without JavaScript they are complete.
    let mode = SsrMode::Async;
    view! {
        <Router>
            <ConsoleShell>
                <FlatRoutes fallback=pages::not_found>
                    <Route path=path!("/sign-in") view=pages::sign_in ssr=mode.clone() />
                    <Route path=path!("/api") view=pages::api ssr=mode.clone() />
                    <Route path=path!("/settings") view=pages::settings ssr=mode.clone() />
                    <Route path=path!("/settings/members") view=pages::members ssr=mode.clone() />
                    <Route path=path!("/settings/tokens") view=pages::tokens ssr=mode.clone() />
                    <Route path=path!("/settings/notifications") view=pages::notifications ssr=mode.clone() />
                    <Route path=path!("/settings/retention") view=pages::retention ssr=mode.clone() />
                    <Route path=path!("/settings/audit") view=pages::audit ssr=mode.clone() />
                    <Route path=path!("/:environment") view=pages::overview ssr=mode.clone() />
                    <Route path=path!("/:environment/runs") view=pages::runs ssr=mode.clone() />
                    <Route path=path!("/:environment/runs/:id") view=pages::run ssr=mode.clone() />
                    <Route path=path!("/:environment/sources") view=pages::sources ssr=mode.clone() />
                    <Route path=path!("/:environment/sources/new") view=pages::register ssr=mode.clone() />
                    <Route path=path!("/:environment/sources/:system/:table") view=pages::source ssr=mode.clone() />
                    <Route path=path!("/:environment/quarantine") view=pages::quarantine ssr=mode.clone() />
                    <Route path=path!("/:environment/quarantine/:run") view=pages::rejected_rows ssr=mode.clone() />
                </FlatRoutes>
            </ConsoleShell>
        </Router>
    }
}
