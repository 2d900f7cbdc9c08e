//! The second hop: run the transformation over the touched partitions, stage its rows.
//!
//! [`prepare`] does everything up to the commit, and changes nothing that a reader can see.

pub mod execute;
pub mod locality;
mod locality_join;
pub(crate) mod output;
mod prepare;
pub mod validate;

pub use prepare::{Prepared, Request, VERSION_PARAMETER, prepare};

#[cfg(test)]
mod tests;
