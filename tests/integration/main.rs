//! The one integration binary of the workspace.

mod contracts;
mod support;
