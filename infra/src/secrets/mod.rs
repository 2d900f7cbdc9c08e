//! Secrets of one environment: put, described without their value, read for use.

mod name;
mod value;

use async_trait::async_trait;
use domain::Result;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use name::SecretName;
pub use value::{MOST_BYTES, SecretValue};

/// What may be shown of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretDescription {
    /// What it is called.
    pub name: SecretName,
    /// Counts its values from 1 on.
    pub version: u64,
    /// Whether the value before this one can still be read.
    pub has_previous: bool,
    /// When this value was put.
    pub updated_at: Timestamp,
}

/// Which value of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The one put last.
    Current,
    /// The one before it. Who verifies signatures accepts both while a secret is rotated.
    Previous,
}

/// The secrets of one account and region. An adapter is bound to them when it is made, and never
/// writes a value into a log or an error.
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// Puts the first value, or rotates to another one: the one before it can be read as
    /// [`Stage::Previous`] until the next rotation or [`SecretStore::retire_previous`].
    async fn put(&self, name: &SecretName, value: SecretValue) -> Result<SecretDescription>;

    /// What may be shown of a secret, if there is one.
    async fn describe(&self, name: &SecretName) -> Result<Option<SecretDescription>>;

    /// All secrets, by name, without their values.
    async fn list(&self) -> Result<Vec<SecretDescription>>;

    /// The value, for use. NotFound when there is none, or none before the current one.
    async fn read(&self, name: &SecretName, stage: Stage) -> Result<SecretValue>;

    /// Ends a rotation: the value before the current one cannot be read any more.
    async fn retire_previous(&self, name: &SecretName) -> Result<()>;

    /// Deletes a secret with its values; no error when it is gone.
    async fn delete(&self, name: &SecretName) -> Result<()>;
}
