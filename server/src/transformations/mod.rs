//! Transformations as the console works on them: standing, saving, merging, trying.

pub mod fixtures;
pub mod format;
pub mod impact;
mod known;
mod listing;
pub mod merge;
pub mod save;
mod shown;
pub mod sql_catalog;
pub mod tried;

pub use known::KnownTransformations;
pub use listing::{detail, list};
pub(crate) use shown::{saved, standing, summary};
