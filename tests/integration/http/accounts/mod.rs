//! Accounts over HTTP: ways in and out, members, tokens, audit log, keys for repeats, settings pages.

mod idempotency;
mod members;
mod settings_pages;
mod sign_in;
mod tokens;
