//! The pages, one module each.

use leptos::prelude::*;
use leptos_router::LazyRoute;

mod api;
mod catalog;
mod delivery;
mod lineage;
mod not_found;
mod overview;
mod quality;
mod quarantine;
mod query;
mod runs;
mod settings;
mod sign_in;
mod sources;
mod transformations;

pub(crate) use not_found::not_found;

/// Declares a group of pages that the browser loads when the first of them is shown: the module is
/// cut at the group's function, and what only that group needs becomes a file of its own
/// (`xtask/src/site/wasm.rs`). Groups instead of single pages, because what several parts need
/// becomes one file for each combination of parts.
macro_rules! pages {
    ($group:ident of $kind:ident { $($name:ident => $page:path,)* }) => {
        enum $kind { $($name,)* }

        #[lazy]
        fn $group(page: $kind) -> AnyView {
            match page { $($kind::$name => $page().into_any(),)* }
        }

        $(
            pub(crate) struct $name;

            impl LazyRoute for $name {
                fn data() -> Self {
                    Self
                }

                async fn view(_page: Self) -> AnyView {
                    $group($kind::$name).await
                }
            }
        )*
    };
}

// What most readers see first.
pages!(first of First {
    Overview => overview::overview,
});

pages!(lists of Lists {
    Catalog => catalog::catalog,
    Quality => quality::quality,
    Quarantine => quarantine::quarantine,
    Runs => runs::runs,
    SignIn => sign_in::sign_in,
    Sources => sources::sources,
    Transformations => transformations::transformations,
});

pages!(details of Details {
    QualityTable => quality::quality_table,
    Register => sources::register,
    RejectedRows => quarantine::rejected_rows,
    Run => runs::run,
    Source => sources::source,
    Table => catalog::table,
});

pages!(administration of Administration {
    Api => api::api,
    Audit => settings::audit,
    Members => settings::members,
    Notifications => settings::notifications,
    Retention => settings::retention,
    Settings => settings::settings,
    Tokens => settings::tokens,
});

pages!(delivery of Delivery {
    Approvals => delivery::approvals,
    Compare => delivery::compare,
    Deployments => delivery::deployments,
    Execution => delivery::execution,
    Pipelines => delivery::pipelines,
    Plan => delivery::plan,
});

pages!(sql of Sql {
    Lineage => lineage::lineage,
    Query => query::query,
    Transformation => transformations::transformation,
});
