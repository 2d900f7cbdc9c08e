//! How verdicts, effects and kinds of rules are called on screen.

use domain::quality::{Effect, RuleOutcome, Verdict};
use leptos::prelude::*;

use crate::components::status_badge;
use crate::format;

/// The kinds of rules: (name in files, name on screen, what it asks).
pub(super) const KINDS: [(&str, &str, &str); 7] = [
    ("not_null", "Not NULL", "Every row has a value. NaN is a value."),
    (
        "unique",
        "Unique",
        "No row that the run writes has the same values as another row of the days that it touches. Rows with a NULL are not compared.",
    ),
    (
        "range",
        "Range",
        "Every value lies between two bounds, which belong to it. NULL passes, NaN does not.",
    ),
    ("accepted_values", "Accepted values", "Every value is one of a list. NULL passes."),
    (
        "row_count",
        "Row count against history",
        "Each day has about as many rows as the median of the days before it. A day with fewer than three days before it is not judged.",
    ),
    (
        "freshness",
        "Freshness",
        "The newest value is not old when the file lands. A date counts from its end, in UTC.",
    ),
    (
        "sql",
        "SQL",
        "A SELECT returns no row. It sees the days that the run touches as they would be, and other tables as they are.",
    ),
];

/// What came of a rule, or of all of a table.
pub fn verdict_badge(verdict: Verdict) -> AnyView {
    let (tone, text) = match verdict {
        Verdict::Skipped => ("calm", "Not judged"),
        Verdict::Passed => ("good", "Passed"),
        Verdict::Warned => ("wait", "Warned"),
        Verdict::Failed => ("bad", "Failed"),
    };
    status_badge(tone, text)
}

/// What happens when a rule is broken.
pub(super) fn effect_word(effect: Effect) -> &'static str {
    match effect {
        Effect::Block => "Blocks",
        Effect::Warn => "Warns",
    }
}

/// What came of a rule in a few words.
pub(super) fn line(outcome: &RuleOutcome) -> String {
    let (failing, checked) = (format::count(outcome.failing), format::count(outcome.checked));
    let noun = if outcome.rule.check.kind() == "row_count" { "days" } else { "rows" };
    match (&outcome.detail, outcome.verdict.is_broken(), outcome.rule.check.kind()) {
        (Some(detail), ..) => detail.clone(),
        (None, true, "sql") => format!("{failing} rows returned"),
        (None, false, "sql") => "No row returned".to_owned(),
        (None, true, _) => format!("{failing} of {checked} {noun} fail"),
        (None, false, _) => format!("{checked} {noun} checked"),
    }
}
