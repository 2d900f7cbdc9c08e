//! The embedded adapters of the delivery flow.

mod account;
mod git;
mod lake_folder;
mod parameters;
mod releases;
mod secrets;

pub use account::AccountRegion;
pub use git::GitLakeRepository;
pub use lake_folder::read_lake_folder;
pub use parameters::SqlParameterStore;
pub use releases::{ReleaseStore, Stored};
pub use secrets::FileSecretStore;
