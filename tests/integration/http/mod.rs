//! The API over HTTP.

mod ops;
