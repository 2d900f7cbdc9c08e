//! The delivery flow: release, diff, plan, approval; pure.

pub mod lake_repository;
pub mod parameters;
pub mod release;
pub mod secrets;
pub mod stacks;
#[cfg(feature = "test-support")]
pub mod testing;
