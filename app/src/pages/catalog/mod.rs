//! The catalog: the list of tables, the page of one, cut into sections.

mod columns;
mod days;
mod difference;
mod editing;
mod figures;
mod history;
mod list;
mod quality;
mod sample;
mod section;
mod table;

pub(crate) use list::catalog;
pub(crate) use table::table;
