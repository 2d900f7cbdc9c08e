//! Saved queries: the list, and the dialog that saves.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::bench::Bench;
use super::result::copy_address;
use crate::api::queries::{SavedQuery, SavedQueryText};
use crate::api::{Problem, get, send};
use crate::components::{Dialog, close_dialog, failure_line, icon, loaded, toast, toast_problem};
use crate::place::in_environment;

/// One's own and shared ones, with a search.
pub(super) fn saved(bench: Bench) -> AnyView {
    let search = RwSignal::new(String::new());
    // What is saved in a tab changes the list.
    let names = Memo::new(move |_| {
        bench.tabs.with(|tabs| {
            let saved = tabs.iter().filter_map(|tab| Some((tab.saved.clone()?, tab.title.clone())));
            saved.collect::<Vec<_>>()
        })
    });
    let changes = RwSignal::new(0_u32);
    let path = Memo::new(move |_| {
        (in_environment(&bench.environment.get(), "/saved-queries"), names.get(), changes.get())
    });
    let found = Resource::new(move || path.get(), |(path, _, _)| get::<Vec<SavedQuery>>(path));
    let list = move |all: Vec<SavedQuery>| {
        let none = all.is_empty();
        let items = all.into_iter().map(|found| entry(bench, found, search, changes));
        let items = items.collect_view();
        view! {
            <ul class="query-list">{items}</ul>
            {none.then(|| view! { <p class="muted">"Nothing is saved yet. Save… keeps the text of a tab, for you or for everybody here."</p> })}
        }
        .into_any()
    };
    view! {
        <input type="search" class="input" placeholder="Find a saved query" aria-label="Find a saved query"
            prop:value=search on:input=move |event| search.set(event_target_value(&event).to_lowercase()) />
        {loaded(found, 6, list)}
    }
    .into_any()
}

fn entry(
    bench: Bench,
    found: SavedQuery,
    search: RwSignal<String>,
    changes: RwSignal<u32>,
) -> AnyView {
    let words = format!("{} {} {}", found.name, found.description, found.sql).to_lowercase();
    let hidden = move || !search.with(|search| words.contains(search.trim()));
    let (id, link, removed) = (found.id.clone(), found.id.clone(), found.id.clone());
    let (title, sql) = (found.name.clone(), found.sql.clone());
    let open = move |_| {
        let saved = id.clone();
        bench.open(Some(title.clone()), sql.clone(), None);
        bench.edit(|tab| tab.saved = Some(saved));
    };
    let copy = move |_| {
        let environment = bench.environment.get_untracked();
        copy_address(&format!("/{environment}/query?saved={link}"));
        toast("good", "The link is on the clipboard");
    };
    let remove = move |_| {
        let path = bench.path(&format!("/saved-queries/{removed}"));
        spawn_local(async move {
            match send::<_, SavedQuery>("DELETE", path, &serde_json::json!({})).await {
                Ok(gone) => {
                    toast("good", format!("{} is removed", gone.name));
                    changes.update(|changes| *changes += 1);
                }
                Err(problem) => toast_problem(&problem),
            }
        });
    };
    let whose = match (found.is_mine, found.is_shared) {
        (true, true) => "shared by you".to_owned(),
        (true, false) => "private".to_owned(),
        (false, _) => format!("shared by {}", found.owner),
    };
    let name = found.name.clone();
    let (link_label, remove_label) = (format!("Copy link to {name}"), format!("Remove {name}"));
    let mine = found.is_mine.then(|| {
        view! { <button type="button" class="button button-quiet button-small" aria-label=remove_label on:click=remove>{icon("cancel")}</button> }
    });
    view! {
        <li hidden=hidden class="query-saved">
            <button type="button" class="query-entry" title=found.sql on:click=open>
                <strong>{name}</strong>
                <span class="muted">{whose}</span>
                <span>{found.description}</span>
            </button>
            <button type="button" class="button button-quiet button-small" aria-label=link_label on:click=copy>"Link"</button>
            {mine}
        </li>
    }
    .into_any()
}

/// Asks for a name, and whether others may see it.
pub(super) fn save_dialog(bench: Bench) -> AnyView {
    let (name, about) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (shared, problem) = (RwSignal::new(false), RwSignal::new(None::<Problem>));
    // What the tab shows already: loaded to be changed, if it is the reader's own.
    let loaded = RwSignal::new(None::<SavedQuery>);
    let tab = Memo::new(move |_| bench.tab().map(|tab| (tab.id, tab.title, tab.saved)));
    Effect::new(move |_| {
        let tab = tab.get();
        let id = tab.as_ref().and_then(|tab| tab.2.clone());
        name.set(tab.map(|tab| tab.1).unwrap_or_default());
        if id == loaded.with_untracked(|saved| saved.as_ref().map(|saved| saved.id.clone())) {
            return;
        }
        loaded.set(None);
        let Some(id) = id else { return };
        let path = bench.path(&format!("/saved-queries/{id}"));
        spawn_local(async move {
            if let Ok(found) = get::<SavedQuery>(path).await {
                about.set(found.description.clone());
                shared.set(found.is_shared);
                loaded.set(Some(found).filter(|found| found.is_mine));
            }
        });
    });
    let save = move |as_new: bool| {
        let own = loaded.get_untracked().filter(|_| !as_new);
        let text = SavedQueryText {
            name: name.get_untracked(),
            description: about.get_untracked(),
            sql: bench.sql.get_untracked(),
            is_shared: shared.get_untracked(),
            expected_version: own.as_ref().map_or(0, |own| own.version),
        };
        let (method, path) = match &own {
            Some(own) => ("PUT", bench.path(&format!("/saved-queries/{}", own.id))),
            None => ("POST", bench.path("/saved-queries")),
        };
        problem.set(None);
        spawn_local(async move {
            match send::<_, SavedQuery>(method, path, &text).await {
                Ok(saved) => {
                    let (id, title) = (saved.id.clone(), saved.name.clone());
                    toast("good", format!("{title} is saved"));
                    loaded.set(Some(saved));
                    bench.edit(|tab| (tab.saved, tab.title) = (Some(id), title));
                    close_dialog("save-query");
                }
                Err(refused) => problem.set(Some(refused)),
            }
        });
    };
    let is_own = move || loaded.with(Option::is_some);
    view! {
        <Dialog id="save-query" title="Save this query".to_owned()>
            <div class="stack">
                <div class="field">
                    <label for="save-query-name">"Name"</label>
                    <input id="save-query-name" type="text" maxlength="120" autocomplete="off" prop:value=name
                        on:input=move |event| name.set(event_target_value(&event)) />
                </div>
                <div class="field">
                    <label for="save-query-about">"What it is for"</label>
                    <input id="save-query-about" type="text" autocomplete="off" prop:value=about
                        on:input=move |event| about.set(event_target_value(&event)) />
                </div>
                <label class="check">
                    <input type="checkbox" prop:checked=shared on:change=move |event| shared.set(event_target_checked(&event)) />
                    <span>"Everybody who may run queries here sees it"</span>
                </label>
                {move || problem.get().map(|problem| failure_line(&problem))}
            </div>
            <div class="actions">
                <button type="button" class="button" on:click=move |_| close_dialog("save-query")>"Not now"</button>
                <button type="button" class="button" hidden=move || !is_own() on:click=move |_| save(true)>"Save a copy"</button>
                <button type="button" class="button button-primary" on:click=move |_| save(false)>"Save"</button>
            </div>
        </Dialog>
    }
    .into_any()
}
