//! The server of Sluice and its command line.
//!
//! Architecture invariant: `compose/` holds the only files that name adapters.

pub mod accounts;
pub mod cli;
pub mod compose;
pub mod config;
pub mod demo;
pub mod sources;
