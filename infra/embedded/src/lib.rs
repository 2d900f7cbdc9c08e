//! The embedded adapters of the delivery flow.

mod account;
mod git;
mod parameters;
mod secrets;
mod stacks;

pub use account::AccountRegion;
pub use git::GitLakeRepository;
pub use parameters::SqlParameterStore;
pub use secrets::FileSecretStore;
pub use stacks::{
    FaultMoment, Faults, LeftBehind, ResourceFault, SimulatedStackService, Tampering,
};
