//! The private folder for data that queries spill (promise E4).

use std::fs;
use std::path::{Path, PathBuf};

use domain::{Error, ErrorKind, Result};

/// The name of the folder. Only a folder of this name is ever emptied.
const NAME: &str = "query-spill";

/// A folder that is empty at the start and gone at the end.
#[derive(Debug)]
pub(crate) struct SpillFolder {
    path: PathBuf,
}

impl SpillFolder {
    /// Makes the folder below `parent`, which no other process may use. What a killed process left
    /// there is removed.
    pub(crate) fn create(parent: &Path) -> Result<Self> {
        let path = parent.join(NAME);
        let failed = |error: std::io::Error| {
            let text = format!("the folder {} for queries could not be made", path.display());
            Error::new(ErrorKind::Unavailable, text).with_source(error)
        };
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(error));
            }
            _ => {}
        }
        fs::create_dir_all(parent).map_err(failed)?;
        private(&path).map_err(failed)?;
        Ok(Self { path })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SpillFolder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, "the spill folder of queries could not be removed");
        }
    }
}

#[cfg(unix)]
fn private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn private(path: &Path) -> std::io::Result<()> {
    fs::create_dir(path)
}
