//! Quality rules: what must hold of a table's rows before readers see them, and what came of
//! checking it.

mod faults;
mod judgement;
mod rule;

pub use faults::RuleFault;
pub use judgement::{Judgement, RuleOutcome, Verdict};
pub use rule::{Check, Effect, QualityRules, Rule, SavedRules};

/// Most rules of one table.
pub const MOST_RULES: usize = 100;
/// Most failing rows that are kept of one rule.
pub const MOST_EXAMPLES: usize = 20;
