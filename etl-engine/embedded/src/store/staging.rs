//! Writing files so that they appear whole, and stay.
//!
//! A file is written under a hidden name, synced, renamed into place, and then its folder is synced.
//! Only then is it acknowledged (promise A20).

use std::fs::{File, Metadata, OpenOptions};
use std::io::{Result, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// The folder of files that are being written. Its files end in `#<digits>`, which the store never
/// lists.
const FOLDER: &str = ".staging";

/// A file in the staging folder that nobody has written to for so long was left by a crash.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 3600);

static COUNT: AtomicU64 = AtomicU64::new(0);

/// A file that is being written. Dropped without [`StagedFile::publish`], it vanishes.
#[derive(Debug)]
pub(super) struct StagedFile {
    pub(super) file: File,
    path: PathBuf,
}

/// Whether an existing file at the target is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    Replace,
    Keep,
}

impl StagedFile {
    /// A new, empty file in the staging folder of `root`.
    pub(super) fn create(root: &Path) -> Result<Self> {
        let folder = root.join(FOLDER);
        create_folders(&folder)?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let name = format!("{}-{}-{number}#1", std::process::id(), now.as_nanos());
        let path = folder.join(name);
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        Ok(Self { file, path })
    }

    /// Appends `parts`.
    pub(super) fn write<'a>(&mut self, parts: impl IntoIterator<Item = &'a [u8]>) -> Result<()> {
        parts.into_iter().try_for_each(|part| self.file.write_all(part))
    }

    /// Puts the file in its place, durably. Returns its metadata.
    /// [`std::io::ErrorKind::AlreadyExists`] when it exists and is to be kept.
    pub(super) fn publish(self, target: &Path, existing: Existing) -> Result<Metadata> {
        self.file.sync_all()?;
        let metadata = self.file.metadata()?;
        let folder = target.parent().unwrap_or(target);
        create_folders(folder)?;
        match existing {
            Existing::Replace => std::fs::rename(&self.path, target)?,
            // Unlike a rename, a link never replaces; dropping takes the staged name away.
            Existing::Keep => std::fs::hard_link(&self.path, target)?,
        }
        sync_folder(folder)?;
        Ok(metadata)
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        // After a rename there is nothing to remove any more.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Creates a folder and its missing parents, each synced into its parent.
pub(super) fn create_folders(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        create_folders(parent)?;
    }
    match std::fs::create_dir(folder) {
        Ok(()) => sync_folder(folder.parent().unwrap_or(folder)),
        Err(_) if folder.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes renames, links and removals in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    #[cfg(test)]
    tests::note_sync(folder);
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// Removes what crashed writers left in the staging folder of `root`.
pub(super) fn remove_abandoned(root: &Path) -> Result<()> {
    let Ok(entries) = std::fs::read_dir(root.join(FOLDER)) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        // Another process may publish or remove it at this moment.
        let Ok(metadata) = entry.metadata() else { continue };
        let age = metadata.modified()?.elapsed().unwrap_or_default();
        if age > ABANDONED_AFTER {
            match std::fs::remove_file(entry.path()) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Mutex;

    use super::*;

    static SYNCED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

    pub(in crate::store) fn note_sync(folder: &Path) {
        SYNCED.lock().unwrap().push(folder.to_owned());
    }

    /// The folders below `root` that were synced since the last call, without the root itself.
    pub(in crate::store) fn synced_below(root: &Path) -> Vec<PathBuf> {
        let mut all = SYNCED.lock().unwrap();
        let below = |path: &PathBuf| path.strip_prefix(root).ok().map(Path::to_owned);
        let found = all.iter().filter_map(below).collect();
        all.retain(|path| !path.starts_with(root));
        found
    }

    #[test]
    fn a20_new_parents_and_the_folder_are_synced() {
        let root = tempfile::tempdir().unwrap();
        let mut staged = StagedFile::create(root.path()).unwrap();
        synced_below(root.path());
        staged.write([&b"1,2"[..], b"\n"]).unwrap();
        staged.publish(&root.path().join("a/b/c.csv"), Existing::Replace).unwrap();
        let synced: Vec<_> = ["", "a", "a/b"].map(PathBuf::from).to_vec();
        assert_eq!(synced_below(root.path()), synced);
        assert_eq!(std::fs::read(root.path().join("a/b/c.csv")).unwrap(), b"1,2\n");
    }

    #[test]
    fn an_unpublished_file_vanishes_and_an_abandoned_one_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let staged = StagedFile::create(root.path()).unwrap();
        let folder = root.path().join(FOLDER);
        let count = || std::fs::read_dir(&folder).unwrap().count();
        assert_eq!(count(), 1);
        drop(staged);
        assert_eq!(count(), 0);

        let old = File::create(folder.join("old#1")).unwrap();
        old.set_modified(SystemTime::now() - 2 * ABANDONED_AFTER).unwrap();
        File::create(folder.join("young#1")).unwrap();
        remove_abandoned(root.path()).unwrap();
        assert_eq!(count(), 1);
        assert!(folder.join("young#1").exists());
    }
}
