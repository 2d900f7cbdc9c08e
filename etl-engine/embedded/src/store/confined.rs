//! No way out of the root: neither by keys nor by symbolic links (promise D16).

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use object_store::Result;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;

/// Turns keys into paths, and refuses those that lead out of the root.
#[derive(Debug, Clone)]
pub(super) struct Confined {
    root: PathBuf,
    local: LocalFileSystem,
}

impl Confined {
    /// Confines a store to its canonical root.
    pub(super) fn new(root: PathBuf, local: LocalFileSystem) -> Self {
        Self { root, local }
    }

    /// The canonical root.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The path of a key. The part of it that exists lies inside the root, links followed.
    pub(super) fn path(&self, key: &Key) -> Result<PathBuf> {
        let path = self.local.path_to_filesystem(key)?;
        if self.contains(&path) { Ok(path) } else { Err(refused(key)) }
    }

    /// The path of a folder of keys, as [`Confined::path`].
    pub(super) fn check_prefix(&self, prefix: Option<&Key>) -> Result<()> {
        let Some(prefix) = prefix else { return Ok(()) };
        // The store itself turns a prefix into a path only together with a file below it.
        self.path(&prefix.clone().join("file")).map(drop)
    }

    /// Whether the deepest existing part of a path lies inside the root, links followed.
    fn contains(&self, path: &Path) -> bool {
        let mut existing = path;
        while let Err(error) = existing.symlink_metadata() {
            let missing = [std::io::ErrorKind::NotFound, std::io::ErrorKind::NotADirectory];
            match existing.parent() {
                Some(parent) if missing.contains(&error.kind()) => existing = parent,
                _ => return false,
            }
        }
        // A dangling link cannot be resolved, and is refused: writing to it would create its target.
        existing.canonicalize().is_ok_and(|real| real.starts_with(&self.root))
    }
}

/// Tells for listed keys whether they lie inside the root; each folder is resolved once.
#[derive(Debug)]
pub(super) struct Listed {
    confined: Confined,
    folders: HashMap<PathBuf, bool>,
}

impl Listed {
    pub(super) fn new(confined: Confined) -> Self {
        Self { confined, folders: HashMap::new() }
    }

    pub(super) fn is_inside(&mut self, key: &Key) -> bool {
        let Ok(path) = self.confined.local.path_to_filesystem(key) else { return false };
        let Some(folder) = path.parent() else { return false };
        let inside = match self.folders.get(folder) {
            Some(inside) => *inside,
            None => {
                let inside = self.confined.contains(folder);
                self.folders.insert(folder.to_owned(), inside);
                inside
            }
        };
        inside && (!path.is_symlink() || self.confined.contains(&path))
    }
}

fn refused(key: &Key) -> object_store::Error {
    object_store::Error::PermissionDenied {
        path: key.to_string(),
        source: "a symbolic link leads out of the zone: replace it by what it points to".into(),
    }
}
