//! The one integration binary of the workspace.

// All of it is tests, also the functions that are shared by them.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod contracts;
mod support;
