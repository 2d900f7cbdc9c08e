//! The embedded adapters of the delivery flow.

mod git;

pub use git::GitLakeRepository;
