//! The root of the console: which path shows which page.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::{Lazy, SsrMode, path};

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
                    <Route path=path!("/sign-in") view={Lazy::<pages::SignIn>::new()} ssr=mode.clone() />
                    <Route path=path!("/api") view={Lazy::<pages::Api>::new()} ssr=mode.clone() />
                    <Route path=path!("/settings") view={Lazy::<pages::Settings>::new()} ssr=mode.clone() />
                    <Route path=path!("/settings/members") view={Lazy::<pages::Members>::new()} ssr=mode.clone() />
                    <Route path=path!("/settings/tokens") view={Lazy::<pages::Tokens>::new()} ssr=mode.clone() />
                    <Route path=path!("/settings/notifications") view={Lazy::<pages::Notifications>::new()} ssr=mode.clone() />
                    <Route path=path!("/settings/retention") view={Lazy::<pages::Retention>::new()} ssr=mode.clone() />
                    <Route path=path!("/settings/audit") view={Lazy::<pages::Audit>::new()} ssr=mode.clone() />
                    <Route path=path!("/:environment") view={Lazy::<pages::Overview>::new()} ssr=mode.clone() />
                    <Route path=path!("/:environment/runs") view={Lazy::<pages::Runs>::new()} ssr=mode.clone() />
                    <Route path=path!("/:environment/runs/:id") view={Lazy::<pages::Run>::new()} ssr=mode.clone() />
                    <Route path=path!("/:environment/sources") view={Lazy::<pages::Sources>::new()} ssr=mode.clone() />
                    <Route path=path!("/:environment/sources/new") view={Lazy::<pages::Register>::new()} ssr=mode.clone() />
                    <Route path=path!("/:environment/sources/:system/:table") view={Lazy::<pages::Source>::new()} ssr=mode.clone() />
                    <Route path=path!("/:environment/transformations") view={Lazy::<pages::Transformations>::new()} ssr=mode.clone() />
                    <Route path=path!("/:environment/transformations/:system/:table") view={Lazy::<pages::Transformation>::new()} ssr=mode.clone() />
                    <Route path=path!("/:environment/lineage") view={Lazy::<pages::Lineage>::new()} ssr=mode.clone() />
                    <Route path=path!("/:environment/catalog") view={Lazy::<pages::Catalog>::new()} ssr=mode.clone() />
                    <Route path=path!("/:environment/catalog/:database/:table") view={Lazy::<pages::Table>::new()} ssr=mode.clone() />
                    <Route path=path!("/:environment/query") view={Lazy::<pages::Query>::new()} ssr=mode.clone() />
                    <Route path=path!("/:environment/quality") view={Lazy::<pages::Quality>::new()} ssr=mode.clone() />
                    <Route path=path!("/:environment/quality/:database/:table") view={Lazy::<pages::QualityTable>::new()} ssr=mode.clone() />
                    <Route path=path!("/:environment/quarantine") view={Lazy::<pages::Quarantine>::new()} ssr=mode.clone() />
                    <Route path=path!("/:environment/quarantine/:run") view={Lazy::<pages::RejectedRows>::new()} ssr=mode.clone() />
                    <Route path=path!("/:environment/pipelines") view={Lazy::<pages::Pipelines>::new()} ssr=mode.clone() />
                    <Route path=path!("/:environment/pipelines/:id") view={Lazy::<pages::Execution>::new()} ssr=mode.clone() />
                    <Route path=path!("/:environment/pipelines/:id/plan") view={Lazy::<pages::Plan>::new()} ssr=mode.clone() />
                    <Route path=path!("/:environment/approvals") view={Lazy::<pages::Approvals>::new()} ssr=mode.clone() />
                    <Route path=path!("/:environment/deployments") view={Lazy::<pages::Deployments>::new()} ssr=mode.clone() />
                    <Route path=path!("/:environment/compare") view={Lazy::<pages::Compare>::new()} ssr=mode.clone() />
                </FlatRoutes>
            </ConsoleShell>
        </Router>
    }
}
