//! The one integration binary of the workspace: every further test binary would link the engine
//! again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests fail by panicking and say on standard output what they skip"
)]

mod contracts;
mod flow;
mod http;
mod layout;
mod support;
