//! The delivery flow in the types of the API.

mod compare;
mod deployments;
mod executions;
mod lanes;
mod plan;

pub use compare::compare;
pub use deployments::deployments;
pub use executions::{detail, list, log, summary};
pub use lanes::lanes;
pub use plan::plan_shown;
