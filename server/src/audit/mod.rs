//! The audit log.

mod request;

pub use request::{in_request, request_id};
