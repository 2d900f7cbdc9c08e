//! The embedded adapters of the delivery flow.

mod account;
mod git;
mod parameters;
mod pipelines;
mod secrets;
#[cfg(any(test, feature = "test-support"))]
pub mod testing;

pub use account::AccountRegion;
pub use git::GitLakeRepository;
pub use parameters::SqlParameterStore;
pub use pipelines::{Enqueued, ExecutionFilter, SqlPipelines};
pub use secrets::FileSecretStore;
