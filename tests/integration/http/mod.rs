//! The API over HTTP, with real sessions.

mod accounts;
mod browser;
