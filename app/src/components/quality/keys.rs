//! Which columns tell rows apart: they are shown of failing rows.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::Desk;
use super::fields::choices;
use crate::components::{Dialog, close_dialog, failure, open_dialog, toast};

const DIALOG: &str = "quality-keys";

/// What failing rows are shown with, and how to change it.
pub(super) fn line(desk: Desk, keys: &[String]) -> AnyView {
    let shown = match keys {
        [] => "the first columns of the table".to_owned(),
        keys => keys.join(", "),
    };
    view! {
        <p class="quality-keys row muted">
            {format!("Failing rows are shown with {shown}.")}
            <button type="button" class="button button-small button-quiet" hidden=move || !desk.may_edit.get()
                on:click=move |_| ask(desk)>"Change"<span class="visually-hidden">" the columns of failing rows"</span></button>
        </p>
    }
    .into_any()
}

fn ask(desk: Desk) {
    desk.form.forget();
    desk.form.choices.set(desk.table().map(|table| table.columns).unwrap_or_default());
    desk.keys.set(desk.rules().keys);
    open_dialog(DIALOG);
}

/// The dialog.
pub(super) fn dialog(desk: Desk) -> AnyView {
    let form = desk.form;
    let submitted = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let mut rules = desk.rules();
        rules.keys = desk.keys.get_untracked();
        form.forget();
        desk.busy.set(true);
        let answer = desk.save(rules, "Change what failing rows are shown with".to_owned());
        spawn_local(async move {
            match answer.await {
                Ok(_) => {
                    close_dialog(DIALOG);
                    toast("good", "The next run shows failing rows with these columns");
                    desk.data.refetch();
                }
                Err(problem) => form.problem.set(Some(problem)),
            }
            desk.busy.set(false);
        });
    };
    view! {
        <Dialog id=DIALOG title="What failing rows are shown with">
            <form class="stack" on:submit=submitted>
                <p>"Columns that tell rows apart, beside those of the rule. None: the first columns of the table."</p>
                {move || choices(form.choices.get(), desk.keys, "Columns")}
                {move || form.problem.get().map(failure)}
                <div class="actions">
                    <button type="button" class="button" on:click=move |_| close_dialog(DIALOG)>"Not now"</button>
                    <button type="submit" class="button button-primary" disabled=desk.busy>"Save"</button>
                </div>
            </form>
        </Dialog>
    }
    .into_any()
}
