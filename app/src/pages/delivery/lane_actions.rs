//! What can be done to a lane: promote into it, let promotion go on, start its pipeline; each after a
//! question that says exactly what would happen.

use domain::access::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::{use_navigate, use_query_map};

use super::actions::{Question, begin};
use crate::api::delivery::{Lane, Lanes, Offer, Promote};
use crate::api::send;
use crate::components::{
    Dialog, close_dialog, commit_list, icon, open_dialog, short, toast, toast_problem,
};
use crate::place::{in_environment, may, use_rights};

const PROMOTE: &str = "promote";
const RESUME: &str = "resume";
const START: &str = "start";

/// What is asked for, and what to look at again afterwards.
#[derive(Clone, Copy)]
pub(super) struct LaneActions {
    environment: Memo<String>,
    may_start: Memo<bool>,
    /// The lane that a question is about.
    wanted: RwSignal<Option<Lane>>,
    promote: Question,
    start: Question,
    resuming: RwSignal<bool>,
    /// The environment whose promotion another page asked for, once.
    by_address: RwSignal<Option<String>>,
    done: Callback<()>,
}

impl LaneActions {
    pub(super) fn new(environment: Memo<String>, done: impl Fn() + Send + Sync + 'static) -> Self {
        let by_address = use_query_map().with_untracked(|query| query.get("promote"));
        Self {
            environment,
            may_start: may(Permission::OperatePipelines),
            wanted: RwSignal::new(None),
            promote: Question::new(PROMOTE),
            start: Question::new(START),
            resuming: RwSignal::new(false),
            by_address: RwSignal::new(by_address),
            done: Callback::new(move |()| done()),
        }
    }

    /// Asks the question that a link of another page stands for, as `?promote=test`.
    pub(super) fn wanted_by_address(self, lanes: &Lanes) {
        let lanes = lanes.lanes.clone();
        Effect::new(move |_| {
            let Some(name) = self.by_address.get() else { return };
            let lane = lanes.iter().find(|lane| lane.environment.as_str() == name);
            if let Some(lane) =
                lane.filter(|lane| lane.offered().is_some_and(|offer| offer.refused.is_none()))
            {
                self.by_address.set(None);
                self.wanted.set(Some(lane.clone()));
                self.promote.ask();
            }
        });
    }
}

/// The buttons of a lane; in words why one cannot be used.
pub(super) fn buttons(lane: &Lane, todo: LaneActions) -> AnyView {
    let allowed = use_rights().allow(Permission::OperatePipelines, Some(&lane.environment));
    let name = lane.environment.to_string();
    let promote = match lane.offered() {
        None => ().into_any(),
        Some(Offer { refused: Some(why), .. }) => view! {
            <button type="button" class="button button-small" disabled>{format!("Promote to {name}")}</button>
            <p class="muted lane-why">{why.clone()}</p>
        }
        .into_any(),
        Some(_) if !allowed => view! {
            <p class="muted lane-why">{format!("To promote to {name} you need the role engineer there.")}</p>
        }
        .into_any(),
        Some(_) => {
            let lane = lane.clone();
            let ask = move |_| {
                todo.wanted.set(Some(lane.clone()));
                todo.promote.ask();
            };
            view! { <button type="button" class="button button-small button-primary" on:click=ask>{format!("Promote to {name}")}</button> }
                .into_any()
        }
    };
    let resume = lane.paused.is_some().then_some(lane.clone()).filter(|_| allowed).map(|lane| {
        let ask = move |_| {
            todo.wanted.set(Some(lane.clone()));
            open_dialog(RESUME);
        };
        view! { <button type="button" class="button button-small" on:click=ask>"Let promotion go on"</button> }
    });
    let back = (allowed && lane.running.is_some()).then(|| {
        let (href, label) = (format!("/{name}/deployments"), format!("Roll {name} back…"));
        view! { <a class="button button-small" href=href aria-label=label>"Roll back…"</a> }
    });
    view! { <div class="lane-actions">{back}{resume}{promote}</div> }.into_any()
}

/// The button that starts the pipeline of the page's environment.
pub(super) fn start_button(todo: LaneActions) -> AnyView {
    let ask = move |_| todo.start.ask();
    view! {
        <button type="button" class="button" hidden=move || !todo.may_start.get() on:click=ask>{icon("runs")}"Start"</button>
    }
    .into_any()
}

/// The questions. They stand beside what is refreshed, so that an open one stays open.
pub(super) fn dialogs(todo: LaneActions) -> AnyView {
    let start_title =
        Signal::derive(move || format!("Start the pipeline of {}?", todo.environment.get()));
    let navigate = use_navigate();
    let start = move |_| {
        let path = in_environment(&todo.environment.get_untracked(), "/executions");
        begin(todo.start, path, &serde_json::json!({}), navigate.clone());
    };
    let button = view! {
        <button type="button" class="button button-primary" disabled=todo.start.busy on:click=start>"Start"</button>
    };
    let button = button.into_any();
    view! {
        {promotion(todo)}
        {resumption(todo)}
        <Dialog id=START title=start_title>
            <p>"It takes the head of the branch as it is now through all stages. What is the same as what runs changes nothing."</p>
            {todo.start.buttons(button)}
        </Dialog>
    }
    .into_any()
}

fn promotion(todo: LaneActions) -> AnyView {
    let title = Signal::derive(move || {
        let name = todo.wanted.with(|lane| lane.as_ref().map(|lane| lane.environment.to_string()));
        format!("Promote to {}?", name.unwrap_or_default())
    });
    let navigate = use_navigate();
    let promote = move |_| {
        let Some(lane) = todo.wanted.get_untracked() else { return };
        let Some(offer) = lane.offer else { return };
        let asked = Promote { release: offer.release };
        let path = in_environment(lane.environment.as_str(), "/promotions");
        begin(todo.promote, path, &asked, navigate.clone());
    };
    let button = view! {
        <button type="button" class="button button-primary" disabled=todo.promote.busy on:click=promote>"Promote"</button>
    };
    let button = button.into_any();
    view! {
        <Dialog id=PROMOTE title=title>
            {move || todo.wanted.get().map(|lane| what_moves(&lane))}
            {todo.promote.buttons(button)}
        </Dialog>
    }
    .into_any()
}

/// Exactly what a promotion would move.
fn what_moves(lane: &Lane) -> AnyView {
    let Some(offer) = &lane.offer else { return ().into_any() };
    let (name, from) = (lane.environment.to_string(), offer.from.to_string());
    let release = offer.release.clone();
    let now = match &lane.running {
        Some(running) => {
            let release = running.release.clone();
            view! { <dd><code title=release.clone()>{short(&release)}</code>" "{running.commit.summary.clone()}</dd> }
                .into_any()
        }
        None => view! { <dd>"nothing yet"</dd> }.into_any(),
    };
    let commits = match offer.ahead {
        0 => view! { <p class="muted">"No commit is new here: the release itself differs."</p> }
            .into_any(),
        all => view! { {commit_list(&offer.commits, all)} }.into_any(),
    };
    view! {
        <div class="stack">
            <dl class="facts">
                <dt>{format!("Moves from {from}")}</dt>
                <dd>"release "<code title=release.clone()>{short(&release)}</code>", as it is: it is not built again"</dd>
                <dt>{format!("Runs in {name} now")}</dt>{now}
            </dl>
            {commits}
            <p>{format!("First a plan says what would change in {name}. Nothing is changed before that, and before whoever has to approve did.")}</p>
        </div>
    }
    .into_any()
}

fn resumption(todo: LaneActions) -> AnyView {
    let resume = move |_| {
        let Some(lane) = todo.wanted.get_untracked() else { return };
        todo.resuming.set(true);
        spawn_local(async move {
            let path = in_environment(lane.environment.as_str(), "/promotions/resume");
            let answer = send::<_, serde_json::Value>("POST", path, &serde_json::json!({})).await;
            todo.resuming.set(false);
            close_dialog(RESUME);
            match answer {
                Ok(_) => {
                    toast(
                        "good",
                        format!("Releases can be promoted to {} again", lane.environment),
                    );
                    todo.done.run(());
                }
                Err(problem) => toast_problem(&problem),
            }
        });
    };
    view! {
        <Dialog id=RESUME title="Let promotion go on?">
            <p>"A rollback stopped promotion here, so that what was taken back does not return by itself. From now on releases can be promoted again."</p>
            <div class="actions">
                <button type="button" class="button" on:click=move |_| close_dialog(RESUME)>"Not now"</button>
                <button type="button" class="button button-primary" disabled=todo.resuming on:click=resume>"Let it go on"</button>
            </div>
        </Dialog>
    }
    .into_any()
}
