//! What each stage of a pipeline does; `super::worker` says when.

pub mod deploy;
pub mod plan;
pub mod verify;
