//! What several tests of the embedded adapters share.

pub(crate) mod simulation;
