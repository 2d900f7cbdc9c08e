//! The sections of a table's page. One of them is shown, the one that the address names; only that
//! one asks for data of its own.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate, use_query_map};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{columns, days, history, quality, sample};
use crate::api::catalog::TableDetail;
use crate::api::{Problem, get, get_some};
use crate::components::{failure, rows_skeleton};

/// A section: its name in the address, its title, its content. The content's resources are made when
/// the page is, whether it is shown or not, so that server and browser make them in the same order.
pub(super) struct Section {
    pub(super) name: &'static str,
    title: &'static str,
    content: fn(Here) -> AnyView,
}

/// All sections, in the order of their tabs; the first is shown when the address names none.
const SECTIONS: [Section; 5] = [
    Section { name: columns::NAME, title: "Columns", content: columns::columns },
    Section { name: days::NAME, title: "Days", content: days::days },
    Section { name: sample::NAME, title: "Sample rows", content: sample::sample },
    Section { name: quality::NAME, title: "Quality", content: quality::quality },
    Section { name: history::NAME, title: "History", content: history::history },
];

/// The table that the page is about.
#[derive(Clone, Copy)]
pub(super) struct Here {
    pub(super) environment: Memo<String>,
    /// Its path in the API.
    pub(super) path: Memo<String>,
    pub(super) detail: Resource<Result<TableDetail, Problem>>,
}

/// What a section asks for: nothing while another one is shown.
pub(super) struct Asked<T: Send + Sync + 'static> {
    answer: Resource<Option<Result<T, Problem>>>,
    path: Memo<Option<String>>,
}

impl<T: Send + Sync + 'static> Clone for Asked<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Asked<T> {}

/// The section that the address names.
fn chosen() -> Memo<&'static str> {
    let query = use_query_map();
    Memo::new(move |_| {
        let asked = query.with(|query| query.get("show")).unwrap_or_default();
        let named = SECTIONS.iter().find(|section| section.name == asked);
        named.map_or(SECTIONS[0].name, |section| section.name)
    })
}

/// The tabs, and the section that is chosen.
pub(super) fn sections(here: Here) -> AnyView {
    let chosen = chosen();
    let tabs = SECTIONS.map(|section| tab(section.name, section.title, chosen));
    let contents = SECTIONS.map(|section| {
        let content = (section.content)(here);
        view! { <section aria-label=section.title hidden=move || chosen.get() != section.name>{content}</section> }
            .into_any()
    });
    view! { <div><nav class="tabs" aria-label="About this table">{tabs}</nav>{contents}</div> }
        .into_any()
}

/// A link that changes the address and leaves the page where it is scrolled to.
fn tab(name: &'static str, title: &'static str, chosen: Memo<&'static str>) -> AnyView {
    let (path, navigate) = (use_location().pathname, use_navigate());
    let href = move || format!("{}?show={name}", path.get());
    let go = move |event: leptos::ev::MouseEvent| {
        if event.ctrl_key() || event.meta_key() || event.shift_key() {
            return;
        }
        event.prevent_default();
        let to = format!("{}?show={name}", path.get_untracked());
        navigate(&to, NavigateOptions { scroll: false, ..NavigateOptions::default() });
    };
    view! {
        <a href=href aria-current=move || (chosen.get() == name).then_some("page") on:click=go>{title}</a>
    }
    .into_any()
}

/// Asks for what `path` names while the section is shown and there is something to ask for.
pub(super) fn ask<T>(
    section: &'static str,
    path: impl Fn() -> Option<String> + Send + Sync + 'static,
) -> Asked<T>
where
    T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
{
    let chosen = chosen();
    let path = Memo::new(move |_| if chosen.get() == section { path() } else { None });
    Asked { answer: Resource::new(move || path.get(), get_some), path }
}

impl<T> Asked<T>
where
    T: PartialEq + DeserializeOwned + Clone + Send + Sync + 'static,
{
    /// Asks again when a run changed something. What says the same stays as it is drawn.
    pub(super) fn follow(self) -> Self {
        crate::live::use_live(move |_, _| spawn_local(self.renew()));
        self
    }

    async fn renew(self) {
        let path = move || self.path.try_get_untracked().flatten();
        let Some(asked) = path() else { return };
        let Ok(fresh) = get::<T>(asked.clone()).await else { return };
        // Not as a resource: nothing is rendered from what is read here.
        let inner: &AsyncDerived<Option<Result<T, Problem>>> = &self.answer;
        let before = inner.try_get_untracked().flatten().flatten();
        // The reader may have gone elsewhere meanwhile.
        let still_here = path() == Some(asked);
        if still_here && !matches!(before, Some(Ok(before)) if before == fresh) {
            self.answer.set(Some(Some(Ok(fresh))));
        }
    }
}

/// Shows what was asked for; nothing when nothing was.
pub(super) fn answered<T>(
    asked: Asked<T>,
    rows: usize,
    render: impl Fn(T) -> AnyView + Clone + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + Send + Sync + 'static,
{
    let view = move || {
        let render = render.clone();
        Suspend::new(async move {
            match asked.answer.await {
                Some(Ok(data)) => render(data),
                Some(Err(problem)) => failure(problem),
                None => ().into_any(),
            }
        })
    };
    view! { <Transition fallback=move || rows_skeleton(rows)>{view}</Transition> }.into_any()
}
