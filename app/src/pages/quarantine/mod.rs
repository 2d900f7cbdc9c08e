//! Quarantine: runs with rejected rows, and the rejected rows of one run.

mod list;
mod rows;

pub(crate) use list::quarantine;
pub(crate) use rows::rejected_rows;
