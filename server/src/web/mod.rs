//! The web: console, API, static files, and what every request passes through.

mod access;
pub mod api;
mod authenticate;
mod extract;
mod headers;
mod pages;
mod problem;
mod request_id;
mod routes;
mod same_origin;

pub use access::Access;
pub use routes::{ListedRoute, listed_routes, router};

pub(crate) use extract::{Answer, InEnvironment, Json};
pub use problem::Refusal;
