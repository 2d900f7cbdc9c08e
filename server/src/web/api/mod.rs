//! The handlers of `/api/v1`, by noun: thin; the work is done by the engine and the stores.

pub(crate) mod me;
pub(crate) mod quarantine;
pub(crate) mod reference;
pub(crate) mod runs;
pub(crate) mod uploads;
