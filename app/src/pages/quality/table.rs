//! The quality rules of one table.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use crate::components::{PageHeader, icon, table_quality};
use crate::place::use_environment;

/// The page.
pub(crate) fn quality_table() -> impl IntoView {
    let (environment, params) = (use_environment(), use_params_map());
    let table = Memo::new(move |_| {
        let part = |name: &str| params.get().get(name).unwrap_or_default();
        (part("database"), part("table"))
    });
    let title = Signal::derive(move || {
        let (database, table) = table.get();
        format!("{database}.{table}")
    });
    let crumbs = vec![(format!("/{}/quality", environment.get_untracked()), "Quality".to_owned())];
    let lineage = move || format!("/{}/lineage?focus={}", environment.get(), title.get());
    let catalog = move || {
        let (database, table) = table.get();
        format!("/{}/catalog/{database}/{table}", environment.get())
    };
    view! {
        <PageHeader title=title crumbs=crumbs
            lead="What must hold of this table's rows before readers see them.">
            <a class="button" href=catalog>{icon("catalog")}"Table"</a>
            <a class="button" href=lineage>{icon("lineage")}"Lineage"</a>
        </PageHeader>
        {table_quality(environment, table)}
    }
}
