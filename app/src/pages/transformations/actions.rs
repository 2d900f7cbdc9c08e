//! The bar above the editor: what is edited, and what can be done with it.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::{Desk, Kept};
use super::{kept, save};
use crate::api::send;
use crate::api::transformations::SqlText;
use crate::components::{
    Dialog, RelativeTime, close_dialog, icon, open_dialog, status_badge, toast_problem,
};
use crate::place::in_environment;

const DISCARD: &str = "discard";

/// The bar.
pub(super) fn bar(desk: Desk) -> AnyView {
    let version = move || {
        desk.live.with(|live| match live {
            None => view! { <span class="muted">"No version is saved yet"</span> }.into_any(),
            Some(live) => {
                let head = format!("Version {} ", live.version);
                let by = format!("by {}, ", live.author);
                let (at, message) = (live.saved_at, live.message.clone());
                view! { <span class="desk-version"><strong>{head}</strong>{by}<RelativeTime at=at /><span class="muted">" · "{message}</span></span> }
                    .into_any()
            }
        })
    };
    let behind = move || {
        let live = desk.live.with(|live| live.as_ref().map_or(0, |live| live.version));
        (desk.base.get() < live).then(|| status_badge("wait", "Your draft is of an older version"))
    };
    let buttons = move || desk.may_edit.get().then(|| buttons(desk));
    let reader = move || {
        (!desk.may_edit.get()).then(
            || view! { <span class="muted">"Your role may read this SQL, not change it."</span> },
        )
    };
    view! {
        <div class="desk-bar">
            <div class="row">{version}{behind}{reader}</div>
            {buttons}
        </div>
        {discard_dialog(desk)}
    }
    .into_any()
}

fn buttons(desk: Desk) -> AnyView {
    let formatting = RwSignal::new(false);
    let format = move |_| {
        formatting.set(true);
        let path = in_environment(&desk.environment.get_untracked(), "/sql/format");
        let text = SqlText { sql: desk.sql.get_untracked() };
        spawn_local(async move {
            match send::<_, SqlText>("POST", path, &text).await {
                // What was typed meanwhile is not taken away.
                Ok(done) if desk.sql.try_get_untracked().as_ref() == Some(&text.sql) => {
                    desk.sql.set(done.sql)
                }
                Ok(_) => {}
                Err(problem) => toast_problem(&problem),
            }
            formatting.try_set(false);
        });
    };
    let state = move || match desk.kept.get() {
        Kept::Nothing => ().into_any(),
        Kept::Soon => view! { <span class="muted">"Keeping your draft…"</span> }.into_any(),
        Kept::Yes => {
            view! { <span class="muted">"Your draft is kept; it is not live"</span> }.into_any()
        }
        Kept::Failed(why) => {
            view! { <span class="failure-line">"Your draft is not kept: "{why}</span> }.into_any()
        }
    };
    let nothing = move || !desk.is_changed();
    let wrong = move || nothing() || desk.errors() > 0;
    let why = move || {
        if nothing() {
            "The editor holds what is saved"
        } else if desk.errors() > 0 {
            "Mend the errors first"
        } else {
            "Ctrl S"
        }
    };
    view! {
        <div class="actions desk-actions">
            <span class="desk-kept" role="status">{state}</span>
            <button type="button" class="button" disabled=nothing on:click=move |_| open_dialog(DISCARD)>{icon("cancel")}"Discard draft"</button>
            <button type="button" class="button" disabled=formatting on:click=format>{icon("format")}"Format"</button>
            <button type="button" class="button button-primary" disabled=wrong title=why on:click=move |_| save::ask(desk)>{icon("check")}"Save…"</button>
        </div>
    }
    .into_any()
}

fn discard_dialog(desk: Desk) -> AnyView {
    let discard = move |_| {
        close_dialog(DISCARD);
        kept::discard(desk);
    };
    view! {
        <Dialog id=DISCARD title="Discard your draft?">
            <p>"The editor shows the saved version again. Ctrl Z in the editor brings your draft back until you leave this page."</p>
            <div class="actions">
                <button type="button" class="button" on:click=move |_| close_dialog(DISCARD)>"Not now"</button>
                <button type="button" class="button button-danger" on:click=discard>"Discard"</button>
            </div>
        </Dialog>
    }
    .into_any()
}
