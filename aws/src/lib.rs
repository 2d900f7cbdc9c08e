//! How Sluice speaks with AWS: one HTTP client, time-outs, retries, sessions, kinds of errors.
//!
//! Architecture invariant: nothing here decides what is asked of AWS, and nothing is asked of it but by
//! who holds an [`Account`]. Every client has time-outs; what repeats a call says so ([`Account::sdk`]),
//! what must not be repeated behind our back says so too ([`Account::sdk_once`], PROMISES A3 and C5).

mod account;
mod error;
mod settings;
#[cfg(feature = "test-support")]
pub mod testing;

pub use account::{Account, Identity, Role};
pub use error::{failed, kind_of, kind_of_code, without_credentials};
pub use settings::{AwsSettings, StaticCredentials};
