//! The sections of a table's page. One of them is shown, the one that the address names; only that
//! one asks for data of its own.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate, use_query_map};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{columns, days, history, sample};
use crate::api::catalog::TableDetail;
use crate::api::{Problem, get};
use crate::components::{failure, rows_skeleton};

/// A section: its name in the address, its title, its content. The content's resources are made when
/// the page is, whether it is shown or not, so that server and browser make them in the same order.
pub(super) struct Section {
    pub(super) name: &'static str,
    title: &'static str,
    content: fn(Here) -> AnyView,
}

/// All sections, in the order of their tabs; the first is shown when the address names none.
const SECTIONS: [Section; 4] = [
    Section { name: columns::NAME, title: "Columns", content: columns::columns },
    Section { name: days::NAME, title: "Days", content: days::days },
    Section { name: sample::NAME, title: "Sample rows", content: sample::sample },
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

/// What the answer to a section is while it is not shown: none.
pub(super) type Asked<T> = Resource<Option<Result<T, Problem>>>;

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
    let path = move || if chosen.get() == section { path() } else { None };
    let fetch = move |path: Option<String>| {
        let answer = path.map(get::<T>);
        async move {
            match answer {
                Some(answer) => Some(answer.await),
                None => None,
            }
        }
    };
    Resource::new(path, fetch)
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
            match asked.await {
                Some(Ok(data)) => render(data),
                Some(Err(problem)) => failure(problem),
                None => ().into_any(),
            }
        })
    };
    view! { <Transition fallback=move || rows_skeleton(rows)>{view}</Transition> }.into_any()
}
