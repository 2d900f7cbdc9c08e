//! The private folder for data that queries spill (promise E4).

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use domain::{Error, ErrorKind, Result};

/// How the names of folders begin; the process, the time and a count follow. No other folder is ever removed.
const PREFIX: &str = "sluice-query-spill-";
/// Lists the processes of this machine, where there is such a thing.
const PROCESSES: &str = "/proc";

static COUNT: AtomicU64 = AtomicU64::new(0);

/// A folder that is empty at the start and gone at the end.
#[derive(Debug)]
pub(crate) struct SpillFolder {
    path: PathBuf,
}

impl SpillFolder {
    /// Makes a folder below `parent`, which other processes may use as well. What killed processes
    /// left there is removed.
    pub(crate) fn create(parent: &Path) -> Result<Self> {
        // The time sets it apart from that of an earlier process with the same id.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let (process, number) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = parent.join(format!("{PREFIX}{process}-{now}-{number}"));
        let failed = |error: std::io::Error| {
            let text = format!("the folder {} for queries could not be made", path.display());
            Error::new(ErrorKind::Unavailable, text).with_source(error)
        };
        fs::create_dir_all(parent).map_err(failed)?;
        remove_abandoned(parent);
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

/// Removes the folders of processes that are no more. One that cannot be removed stays: it may be
/// another user's.
fn remove_abandoned(parent: &Path) {
    if !Path::new(PROCESSES).join("self").exists() {
        return;
    }
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next());
        let Some(owner) = owner.and_then(|owner| owner.parse::<u32>().ok()) else { continue };
        let lives = Path::new(PROCESSES).join(owner.to_string()).exists();
        if !lives && fs::remove_dir_all(entry.path()).is_ok() {
            tracing::info!(process = owner, "removed what a killed process had spilled");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e4_services_do_not_share_a_folder_and_dead_processes_leave_none() {
        let parent = tempfile::tempdir().unwrap();
        let abandoned = parent.path().join(format!("{PREFIX}{}-0", u32::MAX));
        fs::create_dir(&abandoned).unwrap();
        let other = parent.path().join("somebody-elses");
        fs::create_dir(&other).unwrap();
        let (one, two) = (
            SpillFolder::create(parent.path()).unwrap(),
            SpillFolder::create(parent.path()).unwrap(),
        );
        assert_ne!(one.path(), two.path());
        assert!(one.path().exists() && two.path().exists() && other.exists());
        assert_eq!(abandoned.exists(), !Path::new(PROCESSES).join("self").exists());
        drop(one);
        assert!(two.path().exists());
    }
}
