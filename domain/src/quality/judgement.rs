//! What came of checking the rules of a table.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Rule;
use super::rule::Effect;
use crate::run::RunId;
use crate::table::TableName;
use crate::zone::Hop;

/// Broken rules that a summary names.
const NAMED: usize = 5;

/// What came of a rule, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// There was nothing to judge by; the detail says why.
    Skipped,
    /// It holds.
    Passed,
    /// It is broken, and the run went on.
    Warned,
    /// It is broken, and kept the run from changing the table.
    Failed,
}

impl Verdict {
    /// All verdicts.
    pub const ALL: [Self; 4] = [Self::Skipped, Self::Passed, Self::Warned, Self::Failed];

    /// The verdict on a broken rule.
    pub fn broken(effect: Effect) -> Self {
        match effect {
            Effect::Block => Self::Failed,
            Effect::Warn => Self::Warned,
        }
    }

    /// The name in the database and on screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Passed => "passed",
            Self::Warned => "warned",
            Self::Failed => "failed",
        }
    }

    /// Whether the rule is broken.
    pub fn is_broken(self) -> bool {
        matches!(self, Self::Warned | Self::Failed)
    }
}

/// What came of one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RuleOutcome {
    /// The rule as it was.
    pub rule: Rule,
    /// What happens in this environment when it is broken.
    pub effect: Effect,
    /// What came of it.
    pub verdict: Verdict,
    /// How many rows were checked; days for a row count.
    pub checked: u64,
    /// How many of those fail.
    pub failing: u64,
    /// What a person should know: why nothing was judged, or why it could not be checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What the values of the examples are, at most 12.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// Failing rows, at most 20, as text; `null` is NULL. Long values are cut.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Vec<Option<String>>>,
}

impl RuleOutcome {
    /// What came of it in one line: `12 of 4,000 rows fail` or the detail.
    pub fn line(&self) -> String {
        let noun = if self.rule.check.kind() == "row_count" { "days" } else { "rows" };
        match &self.detail {
            Some(detail) => detail.clone(),
            // A SELECT may return more rows than it read, or groups of them.
            None if self.rule.check.kind() == "sql" => format!("{} rows returned", self.failing),
            None => format!("{} of {} {noun} fail", self.failing, self.checked),
        }
    }
}

/// What came of all rules of a table in one hop of a run, in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgementSummary {
    /// The run.
    pub run: RunId,
    /// The table.
    pub table: TableName,
    /// The worst verdict.
    pub verdict: Verdict,
    /// Names of the first broken rules, at most 5.
    pub broken: Vec<String>,
    /// When.
    pub judged_at: Timestamp,
}

/// What came of all rules of a table in one hop of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Judgement {
    /// The run.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub run: RunId,
    /// The hop.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub hop: Hop,
    /// The table that the hop changes.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub table: TableName,
    /// Version of the rules.
    pub rules_version: u64,
    /// What came of each rule, in the order of the rules.
    pub outcomes: Vec<RuleOutcome>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// When.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub judged_at: Timestamp,
}

impl Judgement {
    /// The worst verdict.
    pub fn verdict(&self) -> Verdict {
        let worst = self.outcomes.iter().map(|outcome| outcome.verdict).max();
        worst.unwrap_or(Verdict::Skipped)
    }

    /// The rules with a verdict.
    pub fn with(&self, verdict: Verdict) -> impl Iterator<Item = &RuleOutcome> {
        self.outcomes.iter().filter(move |outcome| outcome.verdict == verdict)
    }

    /// The same in short.
    pub fn summary(&self) -> JudgementSummary {
        let broken = self.outcomes.iter().filter(|outcome| outcome.verdict.is_broken());
        JudgementSummary {
            run: self.run,
            table: self.table.clone(),
            verdict: self.verdict(),
            broken: broken.take(NAMED).map(|outcome| outcome.rule.name.clone()).collect(),
            judged_at: self.judged_at,
        }
    }

    /// The same without rows, for who may not see any.
    #[must_use]
    pub fn without_rows(mut self) -> Self {
        self.outcomes.iter_mut().for_each(|outcome| outcome.examples.clear());
        self
    }
}
