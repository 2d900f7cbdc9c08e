//! Every contract suite over the AWS adapters, against an emulator.

// The helpers of tests are tests too.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod assets;
mod parameters;
mod secrets;
mod stacks;
