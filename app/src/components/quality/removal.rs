//! The question before a rule is removed.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::Desk;
use crate::components::{Dialog, close_dialog, open_dialog, toast, toast_problem};

const DIALOG: &str = "quality-remove";

/// Asks whether to remove a rule.
pub(super) fn ask(desk: Desk, name: String) {
    desk.removing.set(Some(name));
    open_dialog(DIALOG);
}

/// The question.
pub(super) fn dialog(desk: Desk) -> AnyView {
    let title = Signal::derive(move || {
        format!("Remove {}?", desk.removing.get().unwrap_or_else(|| "this rule".to_owned()))
    });
    let remove = move |_| {
        let Some(name) = desk.removing.get_untracked() else { return };
        let mut rules = desk.rules();
        rules.rules.retain(|rule| rule.name != name);
        desk.busy.set(true);
        let answer = desk.save(rules, format!("Remove {name}"));
        spawn_local(async move {
            desk.busy.set(false);
            close_dialog(DIALOG);
            match answer.await {
                Ok(_) => {
                    toast("good", format!("{name} is removed"));
                    desk.checked.set(None);
                    desk.data.refetch();
                }
                Err(problem) => toast_problem(&problem),
            }
        });
    };
    view! {
        <Dialog id=DIALOG title=title>
            <p>"The next run no longer checks it. What came of it in earlier runs stays."</p>
            <div class="actions">
                <button type="button" class="button" on:click=move |_| close_dialog(DIALOG)>"Not now"</button>
                <button type="button" class="button button-danger" disabled=desk.busy on:click=remove>"Remove"</button>
            </div>
        </Dialog>
    }
    .into_any()
}
