//! The API over HTTP, with real sessions, without a socket.

mod console;
mod quarantine;
mod upload_kill;
mod uploads;
