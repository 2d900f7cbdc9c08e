//! The delivery flow: lanes, executions, plans, decisions, promotions, rollbacks.

pub(crate) mod change;
pub(crate) mod decide;
mod path;
pub(crate) mod read;
