//! Settings: members, tokens, notification targets, retention, audit log.

mod audit;
mod members;
mod notifications;
mod retention;
mod tokens;

pub(crate) use audit::audit;
pub(crate) use members::members;
pub(crate) use notifications::notifications;
pub(crate) use retention::retention;
pub(crate) use tokens::tokens;
