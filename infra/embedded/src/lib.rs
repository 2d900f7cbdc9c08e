//! The embedded adapters of the delivery flow.

mod account;
mod git;
mod parameters;
mod secrets;

pub use account::AccountRegion;
pub use git::GitLakeRepository;
pub use parameters::SqlParameterStore;
pub use secrets::FileSecretStore;
