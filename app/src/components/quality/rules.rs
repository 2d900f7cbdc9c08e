//! The rules of one table: what each asks, what came of it last, and how to change it.

use domain::quality::{Judgement, Rule, RuleOutcome, SavedRules};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::Desk;
use super::outcomes::examples;
use super::words::{effect_word, line, verdict_badge};
use super::{editor, keys, removal};
use crate::api::quality::{LastJudgement, TableQuality};
use crate::components::{Card, Empty, RelativeTime, failure, icon, loaded};
use crate::live::{refresh, use_live};

/// The rules of a table, given as database and name, with a form for who may change them.
pub fn table_quality(environment: Memo<String>, table: Memo<(String, String)>) -> AnyView {
    let desk = Desk::new(environment, table);
    use_live(move |_, _| refresh(desk.data, desk.path));
    let show = move |quality: TableQuality| {
        let saved = quality.saved.clone().filter(|saved| !saved.rules.rules.is_empty());
        let body = match &saved {
            Some(saved) => rules(desk, saved, quality.last.as_ref()),
            None => nothing(desk),
        };
        let note = saved.as_ref().map(|saved| {
            view! {
                <p class="quality-saved muted">
                    {format!("Version {}, saved by {} ", saved.version, saved.author)}
                    <RelativeTime at=saved.saved_at />{": "}{saved.message.clone()}
                </p>
            }
        });
        let has_rules = saved.is_some();
        let keys = saved.as_ref().map(|saved| keys::line(desk, &saved.rules.keys));
        let here = desk.environment.get_untracked();
        view! {
            <Card title="Quality rules">
                <div class="row quality-bar">{note}{bar(desk, has_rules)}</div>
                {body}
                {keys}
            </Card>
            {move || desk.checked.get().map(checked)}
            {last_runs(&here, &quality.recent)}
        }
        .into_any()
    };
    view! {
        <div class="stack quality">{loaded(desk.data, 6, show)}</div>
        {editor::dialog(desk)}
        {removal::dialog(desk)}
        {keys::dialog(desk)}
    }
    .into_any()
}

fn bar(desk: Desk, has_rules: bool) -> AnyView {
    let check = move |_| {
        if desk.busy.get_untracked() {
            return;
        }
        desk.busy.set(true);
        let answer = desk.try_rules(desk.rules());
        spawn_local(async move {
            desk.checked.set(Some(answer.await));
            desk.busy.set(false);
        });
    };
    let check = has_rules.then(|| {
        view! {
            <button type="button" class="button" disabled=desk.busy on:click=check>
                {icon("check")}{move || if desk.busy.get() { "Checking…" } else { "Check real rows now" }}
            </button>
        }
    });
    view! {
        <div class="actions" hidden=move || !desk.may_edit.get()>
            {check}
            <button type="button" class="button button-primary" on:click=move |_| editor::ask(desk, None)>{icon("plus")}"Add a rule"</button>
        </div>
    }
    .into_any()
}

fn nothing(desk: Desk) -> AnyView {
    let may = move || {
        let text = if desk.may_edit.get() {
            "Add one, and try it on the rows that are there before you save it."
        } else {
            "An engineer can add some."
        };
        view! { <p>{text}</p> }
    };
    view! {
        <Empty title="No rule holds for this table yet">
            <p>"A rule is checked in every run, on the rows that are about to become visible: a broken one blocks the run or warns."</p>
            {may}
        </Empty>
    }
    .into_any()
}

fn rules(desk: Desk, saved: &SavedRules, last: Option<&Judgement>) -> AnyView {
    let rows = saved.rules.rules.iter().map(|rule| {
        let outcomes = last.into_iter().flat_map(|last| &last.outcomes);
        let outcome = { outcomes }.find(|outcome| outcome.rule.name == rule.name);
        row(desk, rule, outcome)
    });
    let rows = rows.collect_view();
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="Rules">
            <table class="table quality-rules">
                <caption class="visually-hidden">"Rules of the table and what came of them in the last run"</caption>
                <thead><tr>
                    <th scope="col">"Rule"</th><th scope="col">"When broken"</th>
                    <th scope="col">"In the last run"</th>
                    <th scope="col"><span class="visually-hidden">"Change"</span></th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(desk: Desk, rule: &Rule, outcome: Option<&RuleOutcome>) -> AnyView {
    let here = desk.environment.get_untracked().parse();
    let effect = here.map_or(rule.effect, |here| rule.effect_in(&here));
    let elsewhere = rule
        .effect_in
        .iter()
        .map(|(name, effect)| format!("{} in {name}", effect_word(*effect).to_lowercase()));
    let elsewhere = elsewhere.collect::<Vec<_>>().join(", ");
    let sentence = match &rule.check {
        domain::quality::Check::Sql { sql } => {
            view! { <code class="quality-sql">{sql.clone()}</code> }.into_any()
        }
        check => view! { <span class="source-description">{check.sentence()}</span> }.into_any(),
    };
    let last = match outcome {
        Some(outcome) => view! {
            <div class="row">{verdict_badge(outcome.verdict)}<span>{line(outcome)}</span></div>
            {examples(outcome).filter(|_| outcome.verdict.is_broken())}
        }
        .into_any(),
        None => view! { <span class="muted">"Not checked yet"</span> }.into_any(),
    };
    let (change, removed, name) = (rule.clone(), rule.name.clone(), rule.name.clone());
    let (change_label, remove_label) = (format!("Change {name}"), format!("Remove {name}"));
    view! {
        <tr>
            <th scope="row">{name}{sentence}</th>
            <td>{effect_word(effect)}<span class="source-description">{elsewhere}</span></td>
            <td class="quality-last">{last}</td>
            <td class="nowrap"><div class="actions" hidden=move || !desk.may_edit.get()>
                <button type="button" class="button button-small" aria-label=change_label
                    on:click=move |_| editor::ask(desk, Some(&change))>"Change"</button>
                <button type="button" class="button button-small button-quiet" aria-label=remove_label title="Remove"
                    on:click=move |_| removal::ask(desk, removed.clone())>{icon("cancel")}</button>
            </div></td>
        </tr>
    }
    .into_any()
}

/// What a check of the rows that are there found.
fn checked(found: Result<crate::api::quality::RulesTried, crate::api::Problem>) -> AnyView {
    match found {
        Ok(found) => view! {
            <Card title="What the rules say about the rows that are there">{editor::tried(found)}</Card>
        }
        .into_any(),
        Err(problem) => failure(problem),
    }
}

/// The last runs that checked the rules, newest first.
fn last_runs(environment: &str, recent: &[LastJudgement]) -> Option<AnyView> {
    if recent.is_empty() {
        return None;
    }
    let entry = |judged: &LastJudgement| {
        let href = format!("/{environment}/runs/{}", judged.run);
        let broken = judged.broken.join(", ");
        view! {
            <li class="row">
                {verdict_badge(judged.verdict)}
                <a href=href>"Run of "<RelativeTime at=judged.judged_at /></a>
                <span class="muted">{broken}</span>
            </li>
        }
        .into_any()
    };
    let entries = recent.iter().map(entry).collect_view();
    Some(
        view! { <Card title="Last runs that checked them"><ul class="entries">{entries}</ul></Card> }
            .into_any(),
    )
}
