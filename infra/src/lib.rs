//! The delivery flow: release, diff, plan, approval; pure.

pub mod diff;
pub mod order;
pub mod permissions;
pub mod resource_types;
pub mod template;

#[cfg(test)]
mod golden;
