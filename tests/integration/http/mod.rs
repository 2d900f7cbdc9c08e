//! The API over HTTP, with real sessions.

mod console;
mod ops;
mod quarantine;
mod runs;
mod sources;
mod uploads;
mod accounts;
mod browser;
