//! The embedded adapters of the delivery flow.

mod account;
mod parameters;
mod secrets;

pub use account::AccountRegion;
pub use parameters::SqlParameterStore;
pub use secrets::FileSecretStore;
