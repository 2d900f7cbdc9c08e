//! What can be done to a run: retry, cancel, replay, each after a question.

use domain::access::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;

use super::table::run_link;
use crate::api::runs::RunSummary;
use crate::api::send;
use crate::components::{Dialog, close_dialog, icon, open_dialog, toast, toast_problem};
use crate::place::{in_environment, may};

/// Which run, and what to look at again afterwards.
#[derive(Clone, Copy)]
pub(super) struct Actions {
    environment: Memo<String>,
    id: Memo<String>,
    allowed: Memo<bool>,
    busy: RwSignal<bool>,
    done: Callback<()>,
}

impl Actions {
    pub(super) fn new(
        environment: Memo<String>,
        id: Memo<String>,
        done: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let allowed = may(Permission::OperateRuns);
        let done = Callback::new(move |()| done());
        Self { environment, id, allowed, busy: RwSignal::new(false), done }
    }
}

/// One thing to do: (name in the address, button, question, what it means).
type Deed = (&'static str, &'static str, &'static str, &'static str);

const RETRY: Deed = (
    "retry",
    "Retry",
    "Go on with this run?",
    "It is queued again and goes on from the step that did not end. Steps that succeeded stay as they are.",
);
const CANCEL: Deed = (
    "cancel",
    "Cancel run",
    "Cancel this run?",
    "A waiting run ends at once. A running one stops at the next safe place; a commit that has begun is finished. You can retry it later.",
);
const REPLAY: Deed = (
    "replay",
    "Replay",
    "Run this file again?",
    "A new run reads the same file by the source and the SQL as they are now, and replaces this file's rows only.",
);

/// The buttons that make sense for where the run stands; none without the right.
pub(super) fn actions(run: &RunSummary, todo: Actions) -> AnyView {
    let offered = [
        (run.can_retry(), RETRY, "retry", "button button-primary"),
        (run.can_cancel(), CANCEL, "cancel", "button button-danger"),
        (run.can_replay(), REPLAY, "replay", "button"),
    ];
    let buttons = offered.into_iter().filter(|offer| offer.0).map(move |(_, deed, sign, class)| {
        view! {
            <button type="button" class=class on:click=move |_| open_dialog(deed.0)>
                {icon(sign)}{deed.1}
            </button>
        }
    });
    let buttons = buttons.collect_view();
    let hidden = move || !todo.allowed.get();
    view! { <div class="actions" hidden=hidden>{buttons}</div> }.into_any()
}

/// The questions. They stand beside what is refreshed, so that an open one stays open.
pub(super) fn dialogs(todo: Actions) -> AnyView {
    [RETRY, CANCEL, REPLAY].map(|deed| dialog(deed, todo)).into_any()
}

fn dialog((name, button, question, meaning): Deed, todo: Actions) -> AnyView {
    let navigate = use_navigate();
    let act = move |_| {
        let navigate = navigate.clone();
        let (environment, id) = (todo.environment.get_untracked(), todo.id.get_untracked());
        todo.busy.set(true);
        spawn_local(async move {
            let path = in_environment(&environment, &format!("/runs/{id}/{name}"));
            let answer = send::<_, RunSummary>("POST", path, &serde_json::json!({})).await;
            todo.busy.set(false);
            close_dialog(name);
            match answer {
                Ok(run) if run.id.to_string() != id => {
                    toast("good", "A new run of the file is queued");
                    navigate(&run_link(&environment, run.id), Default::default());
                }
                Ok(_) => {
                    toast("good", if name == "cancel" { "Asked to stop" } else { "Queued again" });
                    todo.done.run(());
                }
                Err(problem) => toast_problem(&problem),
            }
        });
    };
    let class = if name == "cancel" { "button button-danger" } else { "button button-primary" };
    view! {
        <Dialog id=name title=question>
            <p>{meaning}</p>
            <div class="actions">
                <button type="button" class="button" on:click=move |_| close_dialog(name)>"Not now"</button>
                <button type="button" class=class disabled=todo.busy on:click=act>{button}</button>
            </div>
        </Dialog>
    }
    .into_any()
}
