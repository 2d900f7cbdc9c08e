//! The page of one table: figures above, sections below.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::figures::figures;
use super::section::{Here, sections};
use crate::api::catalog::TableDetail;
use crate::api::get;
use crate::components::{PageHeader, icon, loaded};
use crate::place::{in_environment, use_environment};

/// The page.
pub(crate) fn table() -> impl IntoView {
    let (environment, params) = (use_environment(), use_params_map());
    let part = move |name: &str| params.with(|params| params.get(name)).unwrap_or_default();
    let name = Memo::new(move |_| format!("{}.{}", part("database"), part("table")));
    let path = Memo::new(move |_| {
        let rest = format!("/catalog/{}/{}", part("database"), part("table"));
        in_environment(&environment.get(), &rest)
    });
    let detail = Resource::new(move || path.get(), get::<TableDetail>);
    crate::live::use_live(move |_, _| crate::live::refresh(detail, path));
    let lineage = move || format!("/{}/lineage?focus={}", environment.get(), name.get());
    let crumbs = vec![(format!("/{}/catalog", environment.get_untracked()), "Catalog".to_owned())];
    let here = Here { environment, path, detail };
    view! {
        <PageHeader title=name crumbs=crumbs>
            <a class="button" href=lineage>{icon("lineage")}"Lineage"</a>
        </PageHeader>
        <div class="stack">
            {loaded(detail, 6, move |detail| figures(&environment.get_untracked(), &detail))}
            {sections(here)}
        </div>
    }
}
