//! SQL and sources that change, each side by side; quality rules that change, in words.

use leptos::prelude::*;

use domain::quality::{RuleDifference, RuleFate};

use crate::api::delivery::{PlanShown, RulesShown, SqlChange};
use crate::components::{Card, SqlDiff, status_badge};

/// So many texts are open from the beginning.
const OPEN: usize = 4;

/// The card of transformations; none when none changes.
pub(super) fn transformations(plan: &PlanShown) -> Option<AnyView> {
    texts("transformations", "SQL that changes", &plan.transformations)
}

/// The card of sources; none when none changes.
pub(super) fn sources(plan: &PlanShown) -> Option<AnyView> {
    texts("sources", "Sources that change", &plan.sources)
}

/// The card of quality rules; none when none changes.
pub(super) fn rules(plan: &PlanShown) -> Option<AnyView> {
    if plan.quality.is_empty() {
        return None;
    }
    let number = plan.quality.len().to_string();
    let tables: Vec<_> = plan.quality.iter().map(table).collect();
    Some(
        view! {
            <div id="quality"><Card title="Quality rules that change" note=number><div class="stack">{tables}</div></Card></div>
        }
        .into_any(),
    )
}

fn table(change: &RulesShown) -> AnyView {
    let rules: Vec<_> = change.rules.iter().map(rule).collect();
    view! {
        <section class="rule-changes"><h3><code>{change.table.clone()}</code></h3><ul>{rules}</ul></section>
    }
    .into_any()
}

fn rule(change: &RuleDifference) -> AnyView {
    let tone = match change.fate {
        RuleFate::Added => "good",
        RuleFate::Changed => "wait",
        RuleFate::Removed => "bad",
    };
    let sql = change.sql.clone().map(|sql| view! { <pre class="run-sql">{sql}</pre> });
    view! {
        <li>
            <div class="row">{status_badge(tone, change.fate.as_str())}<strong>{change.rule.clone()}</strong></div>
            <div>{change.sentence.clone()}</div>
            {sql}
        </li>
    }
    .into_any()
}

fn texts(id: &'static str, title: &'static str, changes: &[SqlChange]) -> Option<AnyView> {
    if changes.is_empty() {
        return None;
    }
    let items = changes.iter().enumerate().map(|(at, change)| item(change, at < OPEN));
    let items: Vec<_> = items.collect();
    Some(
        view! {
            <div id=id><Card title=title note=changes.len().to_string()><ul class="file-changes">{items}</ul></Card></div>
        }
        .into_any(),
    )
}

fn item(change: &SqlChange, open: bool) -> AnyView {
    let (tone, word) = match (&change.before, &change.after) {
        (None, _) => ("good", "new"),
        (_, None) => ("bad", "taken away"),
        _ => ("wait", "changed"),
    };
    let text = |side: &Option<String>| Signal::stored(side.clone().unwrap_or_default());
    let (before, after) = (text(&change.before), text(&change.after));
    view! {
        <li><details class="details file-change" open=open>
            <summary><code>{change.dataset.clone()}</code>{status_badge(tone, word)}</summary>
            <SqlDiff label_before=Signal::stored("Runs now".to_owned()) before=before
                label_after=Signal::stored("Would run".to_owned()) after=after />
        </details></li>
    }
    .into_any()
}
