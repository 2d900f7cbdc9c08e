//! The one integration binary of the workspace: every further test binary would link the engine
//! again.

mod contracts;
mod layout;
mod support;
