//! The API over HTTP, with real sessions.

mod accounts;
mod browser;
mod console;
mod ops;
mod quarantine;
mod queries;
mod roles;
mod runs;
mod sources;
mod upload_kill;
mod uploads;
