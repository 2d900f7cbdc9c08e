//! What integration tests stand on.

pub(crate) mod delivery;
pub(crate) mod github;
pub(crate) mod lake;
pub(crate) mod postgres;
pub(crate) mod serve;
pub(crate) mod sluice;
