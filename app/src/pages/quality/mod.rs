//! Quality rules: all tables with theirs, and one table.

mod list;
mod table;

pub(crate) use list::quality;
pub(crate) use table::quality_table;
