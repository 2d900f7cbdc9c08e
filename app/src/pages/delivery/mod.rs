//! The delivery flow: pipelines and their executions, plans to decide, what was deployed, and two
//! environments side by side.

mod actions;
mod approvals;
mod compare;
mod execution;
mod history;
mod lane_actions;
mod list;
mod log;
mod plan;
mod stages;

pub(crate) use approvals::approvals;
pub(crate) use compare::compare;
pub(crate) use execution::execution;
pub(crate) use history::deployments;
pub(crate) use list::pipelines;
pub(crate) use plan::plan;
