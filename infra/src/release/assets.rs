//! Contents by their digest: the port.

use async_trait::async_trait;
use domain::release::Digest;
use domain::{Error, Result};

/// Where the contents of releases are kept: only added to, each once.
#[async_trait]
pub trait AssetStore: Send + Sync {
    /// Keeps bytes under their digest; whether they were not there already. What is there and is not
    /// what it should be is written anew. Invalid when the bytes have another digest.
    async fn put(&self, of: &Digest, bytes: Vec<u8>) -> Result<bool>;

    /// The bytes of a digest. NotFound when they are not kept; Internal when what is kept is not what
    /// it was.
    async fn get(&self, of: &Digest) -> Result<Vec<u8>>;
}

/// Whether bytes have the digest that they are called by. Invalid otherwise.
pub fn check_asset(of: &Digest, bytes: &[u8]) -> Result<()> {
    let found = super::digest(bytes);
    if found == *of {
        return Ok(());
    }
    Err(Error::invalid(format!("content {} has the digest {}", of.short(), found.short())))
}

/// Says that a content is not kept.
pub fn missing_asset(of: &Digest) -> Error {
    Error::not_found(format!("content {} is not kept: build the release anew", of.short()))
}

/// Says that what is kept is not what it was.
pub fn changed_asset(of: &Digest) -> Error {
    Error::internal(format!(
        "content {} is not what it was when it was kept: build the release anew",
        of.short()
    ))
}
