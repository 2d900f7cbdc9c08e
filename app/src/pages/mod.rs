//! The pages, one module each.

mod api;
mod not_found;
mod overview;
mod quarantine;
mod runs;
mod settings;
mod sign_in;
mod sources;

pub(crate) use api::api;
pub(crate) use not_found::not_found;
pub(crate) use overview::overview;
pub(crate) use quarantine::{quarantine, rejected_rows};
pub(crate) use runs::{run, runs};
pub(crate) use settings::{audit, members, notifications, retention, settings, tokens};
pub(crate) use sign_in::sign_in;
pub(crate) use sources::{register, source, sources};
