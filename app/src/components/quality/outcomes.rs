//! What came of rules, each with its first failing rows.

use domain::quality::{Effect, Judgement, RuleOutcome, Verdict};
use leptos::prelude::*;

use super::words::{line, verdict_badge};
use crate::components::Card;
use crate::format;

/// What came of the rules in each hop of a run; nothing when no table had rules.
pub fn judgements(environment: &str, found: Vec<Judgement>) -> AnyView {
    let card = |judgement: Judgement| {
        let (database, table) = (&judgement.table.database, &judgement.table.table);
        let name = judgement.table.to_string();
        let href = format!("/{environment}/quality/{database}/{table}");
        let note = format!(
            "Version {} of the rules, checked in {}",
            judgement.rules_version,
            format::seconds(judgement.seconds)
        );
        let what = match judgement.verdict() {
            Verdict::Failed => {
                "Broken rules kept the run from changing this table: readers still see it as it was."
            }
            Verdict::Warned => "The run went on: the broken rules only warn.",
            _ => "No rule is broken.",
        };
        view! {
            <Card title=format!("Quality of {name}") note=note>
                <p class="quality-lead">{what}" "<a href=href>"All rules of the table"</a></p>
                {outcomes(&judgement.outcomes)}
            </Card>
        }
        .into_any()
    };
    found.into_iter().map(card).collect_view().into_any()
}

/// A list of outcomes, the broken ones first and open.
pub(super) fn outcomes(outcomes: &[RuleOutcome]) -> AnyView {
    let mut sorted: Vec<_> = outcomes.iter().collect();
    sorted.sort_by_key(|outcome| std::cmp::Reverse(outcome.verdict));
    let items = sorted.into_iter().map(outcome).collect_view();
    view! { <ul class="outcomes">{items}</ul> }.into_any()
}

fn outcome(outcome: &RuleOutcome) -> AnyView {
    let effect = match outcome.effect {
        Effect::Block => "blocks",
        Effect::Warn => "warns",
    };
    view! {
        <li class="outcome">
            <div class="outcome-head">
                {verdict_badge(outcome.verdict)}
                <strong>{outcome.rule.name.clone()}</strong>
                <span class="muted">{outcome.rule.check.sentence()}" · "{effect}</span>
                <span class="outcome-line">{line(outcome)}</span>
            </div>
            {examples(outcome)}
        </li>
    }
    .into_any()
}

/// The first failing rows.
pub(super) fn examples(outcome: &RuleOutcome) -> Option<AnyView> {
    if outcome.examples.is_empty() {
        return None;
    }
    let heads =
        outcome.columns.iter().map(|column| view! { <th scope="col">{column.clone()}</th> });
    let heads = heads.collect_view();
    let cell = |cell: &Option<String>| match cell {
        Some(text) => view! { <td>{text.clone()}</td> }.into_any(),
        None => view! { <td class="muted">"NULL"</td> }.into_any(),
    };
    let row = |row: &Vec<Option<String>>| {
        let cells = row.iter().map(cell).collect_view();
        view! { <tr>{cells}</tr> }
    };
    let rows = outcome.examples.iter().map(row).collect_view();
    let shown = outcome.examples.len() as u64;
    let what = match outcome.rule.check.kind() {
        "row_count" => "days",
        "unique" => "values",
        "freshness" => "newest value",
        _ => "failing rows",
    };
    let title = match shown {
        1 if outcome.failing <= 1 && what == "failing rows" => "The failing row".to_owned(),
        1 => format!("First {what}"),
        _ => format!("First {} {what}", format::count(shown)),
    };
    let title =
        if outcome.rule.check.kind() == "freshness" { "Newest value".into() } else { title };
    let label = format!("Failing rows of {}", outcome.rule.name);
    Some(
        view! {
            <details class="details" open>
                <summary>{title}</summary>
                <div class="table-scroll outcome-rows" tabindex="0" role="group" aria-label=label>
                    <table class="table"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>
                </div>
            </details>
        }
        .into_any(),
    )
}
