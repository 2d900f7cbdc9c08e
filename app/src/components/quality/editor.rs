//! The dialog in which a rule is written, tried on real rows and saved.

use domain::quality::{QualityRules, Rule};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::Desk;
use super::fields::{effects, fields, text};
use super::outcomes::outcomes;
use super::words::KINDS;
use crate::api::quality::RulesTried;
use crate::components::{Dialog, close_dialog, failure, icon, open_dialog, toast};
use crate::format;

const DIALOG: &str = "quality-rule";

/// Asks for a rule: a new one, or the one given.
pub(super) fn ask(desk: Desk, rule: Option<&Rule>) {
    desk.form.begin(rule);
    desk.form.choices.set(desk.table().map(|table| table.columns).unwrap_or_default());
    open_dialog(DIALOG);
}

/// The dialog. It stands beside what is refreshed, so that it stays open.
pub(super) fn dialog(desk: Desk) -> AnyView {
    let form = desk.form;
    let title = Signal::derive(move || match form.of.get() {
        Some(name) => format!("Change {name}"),
        None => "Add a rule".to_owned(),
    });
    let submitted = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        save(desk);
    };
    let meaning = move || {
        let kind = form.kind.get();
        KINDS.iter().find(|(name, ..)| *name == kind).map(|(_, _, meaning)| *meaning)
    };
    let kinds = KINDS.map(|(name, title, _)| {
        view! { <option value=name selected=move || form.kind.get() == name>{title}</option> }
    });
    let choose = move |event: leptos::ev::Event| {
        form.kind.set(event_target_value(&event));
        form.forget();
    };
    let label = move || if form.busy.get() { "Wait…" } else { "Save" };
    view! {
        <Dialog id=DIALOG title=title>
            <form class="stack rule-form" on:submit=submitted>
                <div class="field">
                    <label for="rule-kind">"Kind"</label>
                    <select id="rule-kind" aria-describedby="rule-kind-hint" on:change=choose>{kinds.collect_view()}</select>
                    <p class="hint" id="rule-kind-hint">{meaning}</p>
                </div>
                {fields(form, desk.environment)}
                {text(form, "name", "Name", "Empty: named after what it asks.", form.name)}
                {effects(form)}
                {move || form.problem.get().map(failure)}
                <div role="status">{move || form.tried.get().map(tried)}</div>
                <div class="actions">
                    <button type="button" class="button" on:click=move |_| close_dialog(DIALOG)>"Not now"</button>
                    <button type="button" class="button" disabled=form.busy on:click=move |_| attempt(desk)>{icon("runs")}"Try on real rows"</button>
                    <button type="submit" class="button button-primary" disabled=form.busy>{label}</button>
                </div>
            </form>
        </Dialog>
    }
    .into_any()
}

/// The rule as it is written, unless a field cannot be read.
fn read(desk: Desk) -> Option<Rule> {
    desk.form.forget();
    match desk.form.read() {
        Ok(rule) => Some(rule),
        Err(faults) => {
            desk.form.faults.set(faults);
            None
        }
    }
}

fn attempt(desk: Desk) {
    let form = desk.form;
    let Some(rule) = read(desk).filter(|_| !form.busy.get_untracked()) else { return };
    form.busy.set(true);
    let keys = desk.rules().keys;
    let answer = desk.try_rules(QualityRules { keys, rules: vec![rule] });
    spawn_local(async move {
        match answer.await {
            Ok(found) => form.tried.set(Some(found)),
            Err(problem) => form.tell(problem),
        }
        form.busy.set(false);
    });
}

fn save(desk: Desk) {
    let form = desk.form;
    let Some(rule) = read(desk).filter(|_| !form.busy.get_untracked()) else { return };
    form.busy.set(true);
    let mut rules = desk.rules();
    let (message, name) = match form.of.get_untracked() {
        Some(of) => {
            let changed = rules.rules.iter_mut().find(|known| known.name == of);
            let name = rule.name.clone();
            match changed {
                Some(changed) => *changed = rule,
                None => rules.rules.push(rule),
            }
            (format!("Change {of}"), name)
        }
        None => {
            let name = rule.name.clone();
            rules.rules.push(rule);
            (format!("Add {name}"), name)
        }
    };
    let answer = desk.save(rules, message);
    spawn_local(async move {
        match answer.await {
            Ok(_) => {
                close_dialog(DIALOG);
                toast("good", format!("The next run checks {name}"));
                desk.checked.set(None);
                desk.data.refetch();
            }
            Err(problem) => {
                if problem.status == 409 {
                    // What somebody else saved is shown below, and the next try goes on top of it.
                    desk.data.refetch();
                }
                form.tell(problem);
            }
        }
        form.busy.set(false);
    });
}

/// What a trial found.
pub(super) fn tried(found: RulesTried) -> AnyView {
    let days = match (found.days, found.of_days) {
        (_, 0) => "The table has no rows yet".to_owned(),
        (1, 1) => "Its only day".to_owned(),
        (days, all) if days == all => format!("All {} days", format::count(days)),
        (days, all) => {
            format!("The newest {} of {} days", format::count(days), format::count(all))
        }
    };
    let what = format!(
        "{days}: {} rows, read in {}.",
        format::count(found.rows),
        format::seconds(found.seconds)
    );
    view! {
        <div class="stack trial-of-rules">
            <p class="muted">{what}" Rules that compare with the day, the history or the time judge as if these rows came now."</p>
            {outcomes(&found.outcomes)}
        </div>
    }
    .into_any()
}
