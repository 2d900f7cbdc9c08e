//! The delivery flow: release, diff, plan, approval; pure.

pub mod approval;
pub mod pipeline;
pub mod plan;
