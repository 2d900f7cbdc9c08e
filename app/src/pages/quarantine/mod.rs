//! The quarantine: runs that rejected rows, and the rows of one run with what can be done about them.

mod facets;
mod form;
mod list;
mod others;
mod outcome;
mod rows;
mod table;
mod trial;
mod words;

pub(crate) use list::quarantine;
pub(crate) use rows::rejected_rows;
