//! The SQLite file itself: is it still there, and who may migrate it.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use domain::{Error, ErrorKind, Result};

/// The file that was opened. SQLite itself would go on writing into a deleted one.
#[derive(Debug)]
pub(crate) struct DatabaseFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl DatabaseFile {
    pub(crate) fn of(path: &Path) -> Result<Self> {
        let identity = identity(path)?;
        Ok(Self { path: path.to_owned(), identity })
    }

    /// Fails as unavailable while another file, or none, stands at the path.
    pub(crate) fn check(&self) -> Result<()> {
        if identity(&self.path)? == self.identity {
            return Ok(());
        }
        Err(unavailable(&self.path, "was replaced while it was in use; restart Sluice to use it"))
    }
}

/// The right to migrate a SQLite file, held by one process at a time. The kernel takes it back when
/// the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct MigrationLock {
    _file: File,
}

impl MigrationLock {
    /// Waits for the lock. A file of its own, since closing any handle of the database file would
    /// drop the locks that SQLite holds on it.
    pub(crate) async fn acquire(database: &Path) -> Result<Self> {
        let mut path = database.as_os_str().to_owned();
        path.push(".migrating");
        let path = PathBuf::from(path);
        let locked = tokio::task::spawn_blocking(move || {
            let file = File::options().create(true).append(true).open(&path);
            file.and_then(|file| file.lock().map(|()| file))
                .map_err(|error| unavailable(&path, &format!("cannot be locked: {error}")))
        });
        let file = locked.await.map_err(|error| Error::internal(error.to_string()))??;
        Ok(Self { _file: file })
    }
}

fn identity(path: &Path) -> Result<(u64, u64)> {
    let metadata = std::fs::metadata(path).map_err(|error| {
        unavailable(path, &format!("cannot be found: {error}; put it back where it was"))
    })?;
    Ok((metadata.dev(), metadata.ino()))
}

fn unavailable(path: &Path, what: &str) -> Error {
    Error::new(ErrorKind::Unavailable, format!("database file {} {what}", path.display()))
}
