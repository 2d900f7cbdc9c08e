//! Runs: the list and the page of one.

mod actions;
mod filters;
mod list;
mod log;
mod run;
mod steps;
mod table;
mod versions;

pub(crate) use list::runs;
pub(crate) use run::run;
pub(crate) use table::{register_link, run_link};
