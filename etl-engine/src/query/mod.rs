//! Queries: untrusted SQL over the catalog, inside a sandbox.
//!
//! Architecture invariant: nothing here registers a file system, a table function or a path as a
//! table, and no cache outlives one query, so that SQL reaches the zones' tables and nothing else,
//! and the next query sees the latest commit.

mod allowed;
mod attempt;
pub mod bounds;
pub mod cells;
pub mod collect;
mod cost;
pub(crate) mod deep_stack;
pub mod elsewhere;
pub mod estimate;
pub(crate) mod failure;
pub mod fair_slots;
pub(crate) mod files;
pub mod functions;
mod growth;
mod interrupt;
pub(crate) mod lookup;
mod memory;
pub mod names;
pub mod parquet_file;
pub mod partition_filter;
pub(crate) mod plan;
pub(crate) mod planning;
pub mod readable;
pub mod reads;
pub mod sandbox;
pub mod service;
pub mod session;
mod spill;
pub mod started;
pub mod statement;
pub(crate) mod suggestion;
pub mod table;

pub use memory::MemoryQueryService;

#[cfg(test)]
pub(crate) mod fixture;

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod sandbox_tests;
