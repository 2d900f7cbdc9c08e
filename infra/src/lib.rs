//! The delivery flow: release, diff, plan, approval; pure.

pub mod approval;
pub mod change_report;
pub mod diff;
#[cfg(test)]
mod golden;
pub mod lake_repository;
pub mod order;
pub mod parameters;
pub mod partition;
pub mod permissions;
pub mod pipeline;
pub mod plan;
pub mod release;
pub mod resource_types;
pub mod secrets;
pub mod stacks;
pub mod template;
#[cfg(feature = "test-support")]
pub mod testing;
