//! The delivery flow: release, diff, plan, approval; pure.

pub mod diff;
pub mod lake_repository;
pub mod order;
pub mod parameters;
pub mod resource_types;
pub mod secrets;
pub mod stacks;
pub mod template;
#[cfg(feature = "test-support")]
pub mod testing;
