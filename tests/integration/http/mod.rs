//! The API over HTTP, with real sessions.

mod accounts;
mod browser;
mod console;
mod ops;
mod quarantine;
mod roles;
mod runs;
mod sources;
mod transformations;
mod upload_kill;
mod uploads;
