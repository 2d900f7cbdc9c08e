//! The pages, one module each.

use leptos::prelude::*;
use leptos_router::{LazyRoute, lazy_route};

mod api;
mod not_found;
mod overview;
mod quarantine;
mod query;
mod runs;
mod settings;
mod sign_in;
mod sources;

pub(crate) use not_found::not_found;

/// Declares pages that the browser loads when they are first shown: the module is cut at each
/// `view`, and what only that page needs becomes a file of its own (`xtask/src/site/wasm.rs`).
macro_rules! pages {
    ($($name:ident => $page:path,)*) => {$(
        pub(crate) struct $name;

        #[lazy_route]
        impl LazyRoute for $name {
            fn data() -> Self {
                Self
            }

            fn view(_page: Self) -> AnyView {
                $page().into_any()
            }
        }
    )*};
}

pages! {
    Api => api::api,
    Audit => settings::audit,
    Members => settings::members,
    Notifications => settings::notifications,
    Overview => overview::overview,
    Quarantine => quarantine::quarantine,
    Query => query::query,
    Register => sources::register,
    RejectedRows => quarantine::rejected_rows,
    Retention => settings::retention,
    Run => runs::run,
    Runs => runs::runs,
    Settings => settings::settings,
    SignIn => sign_in::sign_in,
    Source => sources::source,
    Sources => sources::sources,
    Tokens => settings::tokens,
}
