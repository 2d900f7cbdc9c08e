//! The page of one transformation.

use domain::access::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_params_map;

use super::conflict::conflict;
use super::desk::{Desk, EDITOR};
use super::problems::{as_json, problems};
use super::rerun::rerun;
use super::tabs::tabs;
use super::{actions, kept, save};
use crate::api::drafts::{Draft, OwnDraft};
use crate::api::get;
use crate::api::transformations::{SqlCatalog, TransformationDetail};
use crate::components::{EditorKeys, PageHeader, SqlEditor, icon, loaded};
use crate::place::{in_environment, may, use_environment};

/// The page.
pub(crate) fn transformation() -> impl IntoView {
    let (environment, params) = (use_environment(), use_params_map());
    let dataset = Memo::new(move |_| {
        let part = |name: &str| params.get().get(name).unwrap_or_default();
        format!("{}/{}", part("system"), part("table"))
    });
    let may_edit = may(Permission::EditTransformations);
    let found = Resource::new(
        move || {
            let rest = format!("/transformations/{}", dataset.get());
            (in_environment(&environment.get(), &rest), may_edit.get())
        },
        |(path, may_edit)| {
            // Both are asked at once: while the page's context is there.
            let draft = may_edit.then(|| get::<OwnDraft>(format!("{path}/draft")));
            let detail = get::<TransformationDetail>(path);
            async move {
                let draft = match draft {
                    Some(draft) => draft.await?.draft,
                    None => None,
                };
                Ok((detail.await?, draft))
            }
        },
    );
    let runs = move || format!("/{}/runs?dataset={}", environment.get(), dataset.get());
    let source = move || format!("/{}/sources/{}", environment.get(), dataset.get());
    let crumbs = vec![(
        format!("/{}/transformations", environment.get_untracked()),
        "Transformations".to_owned(),
    )];
    view! {
        <PageHeader title=dataset crumbs=crumbs>
            <a class="button" href=runs>{icon("runs")}"Runs"</a>
            <a class="button" href=source>{icon("sources")}"Source"</a>
        </PageHeader>
        {loaded(found, 12, move |(detail, draft)| desk(environment, may_edit, detail, draft))}
    }
}

fn desk(
    environment: Memo<String>,
    may_edit: Memo<bool>,
    detail: TransformationDetail,
    draft: Option<Draft>,
) -> AnyView {
    let desk = Desk::new(environment, may_edit, &detail, draft);
    kept::follow(desk);
    let catalog = RwSignal::new(String::new());
    Effect::new(move |_| load_catalog(environment.get(), catalog));
    let keys = EditorKeys {
        run: Some(Callback::new(move |_| desk.preview.ask_sql(desk, "/preview"))),
        save: Some(Callback::new(move |()| save::ask(desk))),
    };
    let readonly = Signal::derive(move || !may_edit.get());
    let findings = Signal::derive(move || as_json(desk));
    let about = move || {
        let standing = desk.standing.get();
        standing.problem.map(|why| {
            view! { <p class="failure" role="alert"><strong>"The saved version would not run today: "</strong>{why}</p> }
        })
    };
    let description = detail.description.clone();
    let in_catalog = |table: &str| {
        let href =
            format!("/{}/catalog/{}", environment.get_untracked(), table.replacen('.', "/", 1));
        view! { <a href=href><code>{table.to_owned()}</code></a> }
    };
    let label = format!("SQL of {}", detail.purpose_built_table);
    let merging = move || desk.conflict.get().map(|merged| conflict(desk, merged));
    let hidden = move || desk.conflict.with(Option::is_some);
    view! {
        <div class="stack desk">
            <p class="desk-lead">
                {in_catalog(&detail.conformed_table)}" → "{in_catalog(&detail.purpose_built_table)}
                {description.map(|text| view! { <span class="muted">" · "{text}</span> })}
            </p>
            {about}
            {rerun(desk)}
            {merging}
            <div class="desk-columns" hidden=hidden>
                <section class="card desk-editor" aria-label="SQL">
                    <div class="card-body stack">
                        {actions::bar(desk)}
                        <div><SqlEditor id=EDITOR label=label sql=desk.sql readonly=readonly catalog=catalog findings=findings keys=keys /></div>
                        {problems(desk)}
                    </div>
                </section>
                {tabs(desk, detail.tests.clone(), detail.purpose_built_table.clone())}
            </div>
            {save::dialog(desk)}
        </div>
    }
    .into_any()
}

/// Completion comes a moment after the page: the editor does not wait for it.
fn load_catalog(environment: String, catalog: RwSignal<String>) {
    let path = in_environment(&environment, "/sql/catalog");
    spawn_local(async move {
        if let Ok(found) = get::<SqlCatalog>(path).await {
            catalog.try_set(serde_json::to_string(&found).unwrap_or_default());
        }
    });
}
