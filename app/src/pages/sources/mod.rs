//! Sources: the list, the registration, the page of one.

mod arrivals;
mod breaks;
mod columns_editor;
mod dialect_editor;
mod draft;
mod form;
mod list;
mod preview_step;
mod register;
mod rows_chart;
mod sample_file;
mod sample_step;
mod settings_editor;
mod source;
mod versions;
mod words;

pub(crate) use list::sources;
pub(crate) use register::register;
pub(crate) use source::source;
