//! The first hop: decode, check, quarantine, partition, stage.
//!
//! [`prepare`] does everything up to the commit, and changes nothing that a reader can see.

pub mod decode;
pub mod fetch;
pub mod infer;
mod layout;
mod partition_rule;
mod prepare;
mod progress;
pub mod quarantine;

pub use layout::{Difference, compare};
pub use prepare::{Prepared, Request, prepare, table_shape};
pub use progress::Progress;
