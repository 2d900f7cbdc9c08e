//! Uploads into the raw zone: drop files or choose them, see them on their way, pause, resume, abort.

mod item;
#[cfg(not(feature = "ssr"))]
mod sender;

use domain::access::Permission;
use leptos::prelude::*;

use self::item::{Item, State};
use super::{failure_line, icon, status_badge};
use crate::format::{bytes, seconds, share};
use crate::place::{may, use_environment};

/// A place to drop files of one dataset. Each file becomes a run of its own; the same file name
/// again replaces what the earlier one brought. A file whose upload broke off, whatever for, goes on
/// where it was when it is chosen again.
#[component]
pub fn Upload(
    /// The dataset, as `<source_system>/<table>`.
    #[prop(into)]
    dataset: Signal<String>,
) -> impl IntoView {
    let (environment, items) = (use_environment(), RwSignal::new(Vec::<Item>::new()));
    let (over, allowed) = (RwSignal::new(false), may(Permission::UploadFiles));
    let take = move |files: Files| {
        add(items, files, environment.get_untracked(), dataset.get_untracked());
    };
    let chosen = move |event: leptos::ev::Event| take(files_of_input(&event));
    let dropped = move |event: leptos::ev::DragEvent| {
        event.prevent_default();
        over.set(false);
        take(files_of_drop(&event));
    };
    let dragged = move |event: leptos::ev::DragEvent| {
        event.prevent_default();
        over.set(true);
    };
    let zone = move || {
        if !allowed.get() {
            return view! {
                <p class="muted">"Your role may not upload files; an engineer's may."</p>
            }
            .into_any();
        }
        view! {
            <label class="drop-zone" data-over=move || over.get().then_some("true")
                on:dragover=dragged on:dragleave=move |_| over.set(false) on:drop=dropped>
                {icon("upload")}
                <span><strong>"Drop files here"</strong>" or choose them"</span>
                <span class="muted">{move || format!("They land in the raw zone as {}/<file name>.", dataset.get())}</span>
                <input type="file" multiple class="visually-hidden" on:change=chosen />
            </label>
        }
        .into_any()
    };
    view! {
        <div class="upload">
            {zone}
            <ul class="uploads" aria-live="polite">
                <For each=move || items.get() key=|item| item.number children=move |item| item_view(item, items, environment.get_untracked()) />
            </ul>
        </div>
    }
}

fn item_view(item: Item, items: RwSignal<Vec<Item>>, environment: String) -> AnyView {
    let (size, name) = (item.size, item.name.clone());
    let figures = move || {
        let (sent, rate) = (item.sent.get(), item.rate.get());
        let moving = item.state.with(|state| *state == State::Sending) && rate > 0.0;
        let left = moving.then(|| {
            let rest = size.saturating_sub(sent) as f64 / rate;
            format!(", {}/s, {} left", bytes(rate as u64), seconds(rest))
        });
        format!(
            "{} of {} ({}){}",
            bytes(sent),
            bytes(size),
            share(sent, size),
            left.unwrap_or_default()
        )
    };
    let state = move || match item.state.get() {
        State::Waiting => status_badge("wait", "Waiting"),
        State::Sending => status_badge("busy", "Sending"),
        State::Paused => status_badge("wait", "Paused"),
        State::Again => status_badge("wait", "Trying again"),
        State::Landed(_) => status_badge("good", "Landed"),
        State::Failed(_) => status_badge("bad", "Failed"),
        State::Aborted => status_badge("calm", "Aborted"),
    };
    let ended = move || match item.state.get() {
        State::Landed(run) => {
            let path = format!("/{environment}/runs/{run}");
            Some(view! { <p><a href=path>"See its run"</a></p> }.into_any())
        }
        State::Failed(problem) => Some(failure_line(&problem)),
        _ => None,
    };
    let replaces = move || {
        item.replaces.get().then(|| {
            view! { <p class="muted">"A file of this name is there already: this one is a new version of it, and its rows replace those of the old one."</p> }
        })
    };
    let button = move |text: &'static str, to: State| {
        let label = format!("{text} {}", item.name);
        view! {
            <button type="button" class="button button-small" aria-label=label
                on:click=move |_| item.state.set(to.clone())>{text}</button>
        }
        .into_any()
    };
    let buttons = {
        let button = button.clone();
        move || {
            match item.state.get() {
            State::Waiting | State::Sending | State::Again => {
                view! { {button.clone()("Pause", State::Paused)}{button.clone()("Abort", State::Aborted)} }.into_any()
            }
            State::Paused => {
                view! { {button.clone()("Resume", State::Sending)}{button.clone()("Abort", State::Aborted)} }.into_any()
            }
            State::Failed(_) => {
                view! { {button.clone()("Try again", State::Sending)}{button.clone()("Abort", State::Aborted)} }.into_any()
            }
            State::Landed(_) | State::Aborted => view! {
                <button type="button" class="button button-small button-quiet"
                    on:click=move |_| items.update(|all| all.retain(|other| other.number != item.number))>"Clear"</button>
            }
            .into_any(),
        }
        }
    };
    view! {
        <li class="upload-item">
            <div class="row"><strong class="file">{name.clone()}</strong>{state}<span class="grow"></span>{buttons}</div>
            <progress class="meter" max=size.to_string() prop:value=move || item.sent.get() as f64 aria-label=format!("Progress of {name}")></progress>
            <p class="muted">{figures}</p>
            {replaces}{ended}
        </li>
    }
    .into_any()
}

#[cfg(not(feature = "ssr"))]
type Files = Vec<web_sys::File>;
#[cfg(feature = "ssr")]
struct Files;

#[cfg(feature = "ssr")]
fn files_of_input(_event: &leptos::ev::Event) -> Files {
    Files
}

#[cfg(feature = "ssr")]
fn files_of_drop(_event: &leptos::ev::DragEvent) -> Files {
    Files
}

#[cfg(feature = "ssr")]
fn add(_items: RwSignal<Vec<Item>>, _files: Files, _environment: String, _dataset: String) {}

#[cfg(not(feature = "ssr"))]
fn files_of_input(event: &leptos::ev::Event) -> Files {
    let input: web_sys::HtmlInputElement = event_target(event);
    let files = input.files().map(list).unwrap_or_default();
    // So that the same file can be chosen again.
    input.set_value("");
    files
}

#[cfg(not(feature = "ssr"))]
fn files_of_drop(event: &leptos::ev::DragEvent) -> Files {
    event.data_transfer().and_then(|data| data.files()).map(list).unwrap_or_default()
}

#[cfg(not(feature = "ssr"))]
fn list(files: web_sys::FileList) -> Files {
    (0..files.length()).filter_map(|at| files.item(at)).collect()
}

/// Puts files into the list and begins to send them.
#[cfg(not(feature = "ssr"))]
fn add(items: RwSignal<Vec<Item>>, files: Files, environment: String, dataset: String) {
    for file in files {
        let number = items.with_untracked(|all| all.last().map_or(0, |last| last.number + 1));
        let item = Item::new(number, file.name(), file.size() as u64);
        items.update(|all| all.push(item.clone()));
        let target = sender::Target { environment: environment.clone(), dataset: dataset.clone() };
        leptos::task::spawn_local(sender::carry(item, file, target, items));
    }
}
