//! Every contract suite over the AWS adapters, against an emulator.

// The helpers of tests are tests too.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod assets;
mod drift;
mod lake;
mod parameters;
mod secrets;
mod stack_failures;
mod stack_limits;
mod stacks;
