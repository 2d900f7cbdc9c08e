//! The web: console, API, static files, what listens, and what every request passes through.

mod access;
pub mod api;
mod authenticate;
mod connections;
mod description;
mod extract;
mod headers;
mod health;
mod idempotency;
mod limits;
mod outline;
mod pace;
mod pages;
mod panics;
mod patient_io;
mod problem;
mod reference;
mod request_id;
mod routes;
mod same_origin;
pub mod serve;
mod sign_in;
mod trace;
mod webhooks;

pub use access::Access;
pub use idempotency::LIFE as IDEMPOTENCY_KEY_LIFE;
pub use problem::Refusal;
pub use routes::{ListedRoute, listed_routes, router};

pub(crate) use extract::{Answer, InEnvironment, Json};
