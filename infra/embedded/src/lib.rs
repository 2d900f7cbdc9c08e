//! The embedded adapters of the delivery flow.

mod account;
mod git;
mod lake_folder;
mod parameters;
mod pipelines;
mod releases;
mod secrets;
mod stacks;
#[cfg(any(test, feature = "test-support"))]
pub mod testing;

pub use account::AccountRegion;
pub use git::GitLakeRepository;
pub use lake_folder::{read_lake_folder, write_lake_folder};
pub use parameters::SqlParameterStore;
pub use pipelines::{Enqueued, ExecutionFilter, SqlPipelines};
pub use releases::{FileAssetStore, ReleaseStore, Stored};
pub use secrets::FileSecretStore;
pub use stacks::{
    FaultMoment, Faults, LeftBehind, ResourceFault, SimulatedStackService, Tampering,
};
