//! Sources: the list, the registration, the page of one.

mod list;
mod register;
mod source;

pub(crate) use list::sources;
pub(crate) use register::register;
pub(crate) use source::source;
