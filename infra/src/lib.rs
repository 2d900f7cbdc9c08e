//! The delivery flow: release, diff, plan, approval; pure.

pub mod stacks;
