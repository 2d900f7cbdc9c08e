//! The API over HTTP, with real sessions; the served process over real sockets.

mod console;
mod ops;
mod quarantine;
mod uploads;
