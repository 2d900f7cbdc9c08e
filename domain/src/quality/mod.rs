//! Quality rules: what must hold of a table's rows before readers see them, and what came of
//! checking it.

mod changes;
mod faults;
mod judgement;
mod rule;

pub use changes::{RuleDifference, RuleFate};
pub use faults::RuleFault;
pub use judgement::{Judgement, JudgementSummary, RuleOutcome, Verdict};
pub use rule::{Check, Effect, QualityRules, Rule, SavedRules};

/// How the failure of a run begins that a rule keeps from changing its table.
pub const QUALITY_BLOCKS: &str = "quality rules keep";
/// Most rules of one table.
pub const MOST_RULES: usize = 100;
/// Most failing rows that are kept of one rule.
pub const MOST_EXAMPLES: usize = 20;
