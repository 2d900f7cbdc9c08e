//! Saving: the question for a message, what the save would change, what keeps it from happening.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::Desk;
use super::impact::{compute, verdict};
use super::tests::shown;
use crate::api::transformations::{
    FixtureReport, MergeRequest, Merged, SqlText, TransformationSaved, TransformationToSave,
};
use crate::api::{Problem, send};
use crate::components::{Dialog, close_dialog, failure, icon, open_dialog, toast, toast_problem};

const DIALOG: &str = "save";

/// Asks for the message, if there is something to save.
pub(super) fn ask(desk: Desk) {
    if desk.may_edit.get_untracked() && untrack(|| desk.is_changed() && desk.errors() == 0) {
        open_dialog(DIALOG);
    }
}

/// The question.
pub(super) fn dialog(desk: Desk) -> AnyView {
    let message = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let failing = RwSignal::new(None::<FixtureReport>);
    let reason = RwSignal::new(String::new());
    let accepted = move || {
        let reason = reason.get_untracked().trim().to_owned();
        (failing.with_untracked(Option::is_some) && !reason.is_empty()).then_some(reason)
    };
    let save = move || {
        if busy.get_untracked() || message.with_untracked(|text| text.trim().is_empty()) {
            return;
        }
        busy.set(true);
        problem.set(None);
        let wanted = TransformationToSave {
            sql: desk.sql.get_untracked(),
            message: message.get_untracked().trim().to_owned(),
            base: desk.base.get_untracked(),
            accept_failing_tests: accepted(),
        };
        spawn_local(async move {
            match send::<_, TransformationSaved>("PUT", desk.path(""), &wanted).await {
                Ok(done) => {
                    close_dialog(DIALOG);
                    toast("good", format!("Version {} is saved", done.saved.version));
                    message.set(String::new());
                    reason.set(String::new());
                    failing.set(None);
                    desk.saved(done.saved, done.standing);
                }
                Err(told) if told.status == 409 => {
                    close_dialog(DIALOG);
                    put_together(desk).await;
                }
                Err(told) => {
                    let tests = told.fields.iter().any(|f| f.field == "accept_failing_tests");
                    if tests {
                        failing.set(Some(tests_of(desk, &wanted.sql).await));
                    }
                    problem.set(Some(told));
                }
            }
            busy.set(false);
        });
    };
    let submitted = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        save();
    };
    let from = move || match desk.base.get() {
        0 => "It becomes version 1, and the next run builds the table by it.".to_owned(),
        base => format!(
            "It becomes version {}, made from version {base}. The next run builds the whole table by it.",
            base + 1
        ),
    };
    let failures = move || {
        failing.get().map(|report| {
            view! {
                <div class="stack save-tests">
                    {shown(report)}
                    <div class="field">
                        <label for="save-reason">"Save although tests fail, because"</label>
                        <input id="save-reason" type="text" autocomplete="off" prop:value=reason
                            on:input=move |event| reason.set(event_target_value(&event)) />
                    </div>
                </div>
            }
        })
    };
    view! {
        <Dialog id=DIALOG title="Save this SQL">
            <form class="stack" on:submit=submitted>
                <p>{from}</p>
                {move || impact_line(desk)}
                <div class="field">
                    <label for="save-message">"What changes, and why"</label>
                    <input id="save-message" type="text" required maxlength="500" autocomplete="off" prop:value=message
                        on:input=move |event| message.set(event_target_value(&event)) />
                </div>
                {failures}
                {move || problem.get().map(failure)}
                <div class="actions">
                    <button type="button" class="button" on:click=move |_| close_dialog(DIALOG)>"Not now"</button>
                    <button type="submit" class="button button-primary" disabled=busy>
                        {move || if busy.get() { "Saving…" } else { "Save" }}
                    </button>
                </div>
            </form>
        </Dialog>
    }
    .into_any()
}

/// What the save would do to real rows, if that is known.
fn impact_line(desk: Desk) -> AnyView {
    if desk.live.with(Option::is_none) {
        return ().into_any();
    }
    if desk.impact.busy.get() {
        return view! { <p class="muted" role="status">"Comparing with what runs…"</p> }.into_any();
    }
    match desk.impact.of_now(desk) {
        Some(found) => view! { <p class="notice"><strong>"Impact: "</strong>{verdict(&found)}</p> }.into_any(),
        None => view! {
            <div class="notice row" data-tone="wait">
                <span>"Not known yet: what this changes in real rows."</span>
                <button type="button" class="button button-small" on:click=move |_| compute(desk, "")>{icon("runs")}"Compare now"</button>
            </div>
        }
        .into_any(),
    }
}

async fn tests_of(desk: Desk, sql: &str) -> FixtureReport {
    let text = SqlText { sql: sql.to_owned() };
    send("POST", desk.path("/tests"), &text).await.unwrap_or_default()
}

/// Somebody else saved meanwhile: both edits are put together.
async fn put_together(desk: Desk) {
    let request = MergeRequest { base: desk.base.get_untracked(), mine: desk.sql.get_untracked() };
    match send::<_, Merged>("POST", desk.path("/merge"), &request).await {
        Ok(merged) => {
            desk.conflict.try_set(Some(merged));
        }
        Err(problem) => toast_problem(&problem),
    }
}
