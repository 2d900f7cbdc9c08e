//! Parameters of one environment: settings that templates and Sluice itself read, by path.

mod path;

use async_trait::async_trait;
use domain::{Error, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use path::ParameterPath;

/// Longest a value may be, in bytes: what SSM takes without a charge.
pub const MOST_BYTES: usize = 4096;

/// A parameter as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Where it is.
    pub path: ParameterPath,
    /// Its value, in clear: secrets belong into [`crate::secrets::SecretStore`].
    pub value: String,
    /// Counts its values from 1 on; from 1 again after it was deleted.
    pub version: u64,
    /// When this value was put.
    pub updated_at: Timestamp,
}

/// The parameters of one account and region. An adapter is bound to them when it is made.
#[async_trait]
pub trait ParameterStore: Send + Sync {
    /// The parameter as it is now, if there is one.
    async fn get(&self, path: &ParameterPath) -> Result<Option<Parameter>>;

    /// All parameters below a folder (`/sluice/dev`, without those of `/sluice/dev2`), by path.
    async fn list(&self, folder: &ParameterPath) -> Result<Vec<Parameter>>;

    /// All values that are kept, the newest first. Empty when there is no such parameter.
    async fn history(&self, path: &ParameterPath) -> Result<Vec<Parameter>>;

    /// Puts a value. With `base`, only if the parameter is at that version (0: there is none);
    /// otherwise a Conflict that says where it is. The same value again is not a new version.
    /// Invalid when the value is empty or longer than [`MOST_BYTES`].
    async fn put(&self, path: &ParameterPath, value: &str, base: Option<u64>) -> Result<Parameter>;

    /// Deletes a parameter with its history; no error when it is gone.
    async fn delete(&self, path: &ParameterPath) -> Result<()>;
}

/// Whether a value can be kept everywhere. Invalid otherwise.
pub fn check_value(path: &ParameterPath, value: &str) -> Result<()> {
    if value.is_empty() || value.len() > MOST_BYTES {
        return Err(Error::invalid(format!(
            "the value of parameter {path} has {} bytes: use 1 to {MOST_BYTES}",
            value.len()
        )));
    }
    Ok(())
}
