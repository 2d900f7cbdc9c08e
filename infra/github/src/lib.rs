//! The lake repository on GitHub, and reports to those who review changes there.

mod client;
mod reporter;
mod repository;
#[cfg(feature = "test-support")]
pub mod testing;

pub use client::{Credentials, GitHub, GitHubSettings, RepositoryName};
pub use reporter::GitHubChangeReporter;
pub use repository::GitHubLakeRepository;
