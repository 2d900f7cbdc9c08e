//! The handlers of `/api/v1`, by noun: thin; the work is done by the engine and the stores.

pub(crate) mod audit;
pub(crate) mod catalog;
mod dataset_path;
pub(crate) mod delivery;
pub(crate) mod drafts;
pub(crate) mod events;
pub(crate) mod lineage;
pub(crate) mod me;
pub(crate) mod members;
pub(crate) mod overview;
pub(crate) mod quality;
pub(crate) mod quarantine;
pub(crate) mod queries;
pub(crate) mod reference;
pub(crate) mod runs;
pub(crate) mod samples;
pub(crate) mod settings;
pub(crate) mod sign_in;
pub(crate) mod sources;
pub(crate) mod tokens;
pub(crate) mod transformations;
pub(crate) mod uploads;
