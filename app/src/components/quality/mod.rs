//! Quality rules: the rules of a table with what came of them, a form to change them, and what came
//! of rules in a run.

mod desk;
mod editor;
mod fields;
mod form;
mod keys;
mod outcomes;
mod removal;
mod rules;
mod words;

pub use outcomes::judgements;
pub use rules::table_quality;
pub use words::verdict_badge;
