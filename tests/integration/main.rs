//! The one integration binary of the workspace: every further test binary would link the engine
//! again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests fail by panicking and say on standard output what they skip"
)]
// All of it is tests, also the functions that are shared by them.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod contracts;
mod flow;
mod layout;
mod support;
