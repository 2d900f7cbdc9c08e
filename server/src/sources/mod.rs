//! Sources as the console works with them: samples, proposals, previews, lists.

pub mod look;
pub mod raw_zone;
pub mod samples;
pub mod summary;
