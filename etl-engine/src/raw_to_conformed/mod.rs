//! The first hop: decode, check, quarantine, partition, stage.
//!
//! [`prepare`] does everything up to the commit, and changes nothing that a reader can see.

mod bounded;
pub mod decode;
pub mod fetch;
pub mod infer;
mod layout;
mod partition_rule;
mod prepare;
pub mod preview;
mod progress;
pub mod quarantine;
pub mod trial;

pub use bounded::SampleBounds;
pub use layout::{Difference, compare};
pub use partition_rule::expected_day;
pub use prepare::{Prepared, Request, prepare, table_shape};
pub use progress::Progress;
