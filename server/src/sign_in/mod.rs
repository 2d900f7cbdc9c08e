//! Sign-in: how a browser gets a session.

mod cookie;

pub use cookie::ServerCookie;
