//! Transformations: the list, and the desk on which one is written, tried, saved and restored.

mod actions;
mod conflict;
mod desk;
mod history;
mod impact;
mod impact_rows;
mod kept;
mod list;
mod output;
mod page;
mod preview;
mod problems;
mod rerun;
mod save;
mod tabs;
mod tests;

pub(crate) use list::transformations;
pub(crate) use page::transformation;
