//! Runs: the list and the page of one.

mod list;
mod run;

pub(crate) use list::runs;
pub(crate) use run::run;
