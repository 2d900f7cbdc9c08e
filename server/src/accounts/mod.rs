//! Accounts: people, the roles they have, and the sessions and tokens they act through.

mod caller;

pub use caller::{Caller, User, Via};
