//! The delivery flow: release, diff, plan, approval; pure.

pub mod parameters;
pub mod secrets;
pub mod stacks;
#[cfg(feature = "test-support")]
pub mod testing;
