//! The API over HTTP, with real sessions.

mod console;
mod ops;
mod quarantine;
mod uploads;
