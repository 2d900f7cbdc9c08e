//! The console: Leptos pages, and the types of the API that they read.
//!
//! Architecture invariant: the console is a client of its own API and of nothing else. A page asks
//! `/api/v1/…` through [`api::get`]; in the browser that is a fetch, on the server the same request
//! goes through the same router in-process. There are no server functions, so permissions, bounds
//! and error texts exist once.
#![allow(
    unreachable_pub,
    reason = "the component macro makes the properties of each component public"
)]
// Views nest deep types; the default limit is made for smaller pages.
#![recursion_limit = "512"]

pub mod api;
mod app;
mod client;
pub mod components;
#[cfg(feature = "ssr")]
pub mod document;
pub mod format;
pub mod live;
pub mod pages;
pub mod place;

pub use app::App;
#[cfg(feature = "ssr")]
pub use client::{ApiAnswer, InProcess, NoPage};
#[cfg(not(feature = "ssr"))]
pub use client::{say_alive, tell_panics};
