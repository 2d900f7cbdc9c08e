//! What can be done to an execution: cancel it, begin again from a stage; each after a question.

use domain::access::Permission;
use domain::pipeline::Stage;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use serde::Serialize;

use crate::api::delivery::{ExecutionDetail, ExecutionSummary, RetryAsked};
use crate::api::{Problem, send};
use crate::components::{
    Dialog, close_dialog, execution_link, failure, icon, open_dialog, stage_title, toast,
};
use crate::place::may;

const CANCEL: &str = "cancel";
const RETRY: &str = "retry";

/// A dialog that sends something: whether it is on its way, and what went wrong.
#[derive(Clone, Copy)]
pub(super) struct Question {
    pub(super) dialog: &'static str,
    pub(super) busy: RwSignal<bool>,
    pub(super) problem: RwSignal<Option<Problem>>,
}

impl Question {
    pub(super) fn new(dialog: &'static str) -> Self {
        Self { dialog, busy: RwSignal::new(false), problem: RwSignal::new(None) }
    }

    /// Opens the dialog.
    pub(super) fn ask(self) {
        self.problem.set(None);
        open_dialog(self.dialog);
    }

    /// Sends `body`, closes the dialog and calls `then` with the execution that came of it; what went
    /// wrong is shown in the dialog.
    pub(super) fn send<B: Serialize>(
        self,
        path: String,
        body: &B,
        then: impl FnOnce(ExecutionSummary) + 'static,
    ) {
        self.busy.set(true);
        self.problem.set(None);
        let answer = send::<_, ExecutionSummary>("POST", path, body);
        spawn_local(async move {
            let answer = answer.await;
            self.busy.set(false);
            match answer {
                Ok(execution) => {
                    close_dialog(self.dialog);
                    then(execution);
                }
                Err(problem) => self.problem.set(Some(problem)),
            }
        });
    }

    /// What went wrong, and the buttons below.
    pub(super) fn buttons(self, button: AnyView) -> AnyView {
        let dialog = self.dialog;
        view! {
            {move || self.problem.get().map(failure)}
            <div class="actions">
                <button type="button" class="button" on:click=move |_| close_dialog(dialog)>"Not now"</button>
                {button}
            </div>
        }
        .into_any()
    }
}

/// Sends what begins an execution, and goes to its page.
pub(super) fn begin<B: Serialize>(
    question: Question,
    path: String,
    body: &B,
    navigate: impl Fn(&str, NavigateOptions) + 'static,
) {
    question.send(path, body, move |execution| {
        toast("good", format!("An execution in {} has begun", execution.environment));
        navigate(&execution_link(&execution), NavigateOptions::default());
    });
}

/// What can be done to one execution, and what to look at again afterwards.
#[derive(Clone, Copy)]
pub(super) struct Actions {
    path: Memo<String>,
    allowed: Memo<bool>,
    cancel: Question,
    retry: Question,
    /// The stages from which it can be begun again, and the one that is chosen.
    stages: RwSignal<Vec<Stage>>,
    from: RwSignal<Option<Stage>>,
    done: Callback<()>,
}

impl Actions {
    /// `path` is the execution's in the API.
    pub(super) fn new(path: Memo<String>, done: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            path,
            allowed: may(Permission::OperatePipelines),
            cancel: Question::new(CANCEL),
            retry: Question::new(RETRY),
            stages: RwSignal::new(Vec::new()),
            from: RwSignal::new(None),
            done: Callback::new(move |()| done()),
        }
    }
}

/// The buttons that make sense for where the execution stands; none without the right.
pub(super) fn actions(detail: &ExecutionDetail, todo: Actions) -> AnyView {
    let stages = detail.can_retry.clone();
    let retry = (!stages.is_empty()).then(|| {
        let ask = move |_| {
            todo.from.set(stages.last().copied());
            todo.stages.set(stages.clone());
            todo.retry.ask();
        };
        view! { <button type="button" class="button button-primary" on:click=ask>{icon("retry")}"Retry"</button> }
    });
    let cancel = detail.can_cancel.then(|| {
        let ask = move |_| todo.cancel.ask();
        view! { <button type="button" class="button button-danger" on:click=ask>{icon("cancel")}"Cancel execution"</button> }
    });
    let hidden = move || !todo.allowed.get();
    view! { <div class="actions" hidden=hidden>{retry}{cancel}</div> }.into_any()
}

/// The questions. They stand beside what is refreshed, so that an open one stays open.
pub(super) fn dialogs(todo: Actions) -> AnyView {
    let cancel = move |_| {
        let path = format!("{}/cancel", todo.path.get_untracked());
        todo.cancel.send(path, &serde_json::json!({}), move |_| {
            toast("good", "Asked to stop");
            todo.done.run(());
        });
    };
    let button = view! {
        <button type="button" class="button button-danger" disabled=todo.cancel.busy on:click=cancel>"Cancel execution"</button>
    };
    let button = button.into_any();
    view! {
        <Dialog id=CANCEL title="Cancel this execution?">
            <p>"It stops at the next safe place. What was deployed stays; a change set that is being executed is finished."</p>
            {todo.cancel.buttons(button)}
        </Dialog>
        {retry_dialog(todo)}
    }
    .into_any()
}

fn retry_dialog(todo: Actions) -> AnyView {
    let navigate = use_navigate();
    let retry = move |_| {
        let Some(from) = todo.from.get_untracked() else { return };
        let path = format!("{}/retry", todo.path.get_untracked());
        let (here, navigate) = (todo.path.get_untracked(), navigate.clone());
        todo.retry.send(path, &RetryAsked { from }, move |execution| {
            toast("good", format!("Begins again with {from}"));
            if here.ends_with(&execution.id.to_string()) {
                todo.done.run(());
            } else {
                navigate(&execution_link(&execution), NavigateOptions::default());
            }
        });
    };
    let choices = move || {
        let choice = |stage: Stage| {
            let chosen = move || todo.from.get() == Some(stage);
            view! {
                <label class="check">
                    <input type="radio" name="from" prop:checked=chosen on:change=move |_| todo.from.set(Some(stage)) />
                    <span>{stage_title(stage)}</span>
                </label>
            }
        };
        todo.stages.get().into_iter().map(choice).collect_view()
    };
    let button = view! {
        <button type="button" class="button button-primary" disabled=todo.retry.busy on:click=retry>"Retry"</button>
    };
    let button = button.into_any();
    view! {
        <Dialog id=RETRY title="Begin again?">
            <p>"At the same commit, from a stage on. What earlier stages made is used again."</p>
            <fieldset class="retry-stages"><legend>"From"</legend>{choices}</fieldset>
            {todo.retry.buttons(button)}
        </Dialog>
    }
    .into_any()
}
