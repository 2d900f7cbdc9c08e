//! The zones as local folders.

mod confined;
mod durable;
mod staging;
#[cfg(test)]
mod tests;
mod upload;
mod zones;

use std::path::Path;
use std::sync::Arc;

use domain::{Error, ErrorKind, Result};
use object_store::ObjectStore;

use durable::DurableLocalStore;

pub(crate) use durable::e_tag;
pub(crate) use staging::sync_folder;
pub use zones::Zones;

/// A store over the files below `root`, which is created if it does not exist.
///
/// What a call has acknowledged survives a power cut: files are synced before they are renamed into
/// place, folders after. No key and no symbolic link leads out of the root.
/// [`ErrorKind::Unavailable`] when the folder cannot be created or written.
pub fn local_store(root: &Path) -> Result<Arc<dyn ObjectStore>> {
    let store = staging::create_folders(root)
        .map_err(|error| Box::new(error) as Box<dyn std::error::Error + Send + Sync>)
        .and_then(|()| DurableLocalStore::open(root).map_err(Into::into));
    match store {
        Ok(store) => Ok(Arc::new(store)),
        Err(error) => Err(Error::new(
            ErrorKind::Unavailable,
            format!("folder {} cannot be used: {error}; make it writable", root.display()),
        )),
    }
}
