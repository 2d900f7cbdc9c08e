//! The vocabulary of Sluice: the nouns of both flows as plain values.
//!
//! Architecture invariant: this crate does no I/O (but for the places at
//! which tests stop a process), knows no engine and no SDK, and compiles to
//! wasm32, so that engine, server and console speak of the same things in the same words.

pub mod access;
pub mod approval;
pub mod arrival;
pub mod branch;
pub mod column;
pub mod dataset;
pub mod deployment;
pub mod environment;
pub mod error;
pub mod failpoint;
pub mod notification;
pub mod partition;
pub mod pipeline;
pub mod plan;
pub mod quality;
pub mod query;
pub mod rejected;
pub mod release;
pub mod run;
pub mod run_log;
pub mod source;
pub mod stack;
pub mod table;
pub mod table_history;
pub mod transformation;
pub mod upload;
pub mod zone;

pub use error::{Error, ErrorKind, Result};
