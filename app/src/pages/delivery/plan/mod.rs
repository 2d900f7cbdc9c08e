//! The approval page: everything about one plan in one place, and the decision at its end.

mod asked;
mod danger;
mod decision;
mod page;
mod rehearsal;
mod stacks;
mod summary;
mod texts;

pub(super) use asked::decisions;
pub(super) use danger::sentence;
pub(crate) use page::plan;
