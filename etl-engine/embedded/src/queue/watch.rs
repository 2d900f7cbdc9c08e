//! The folder watch: which keys may have changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use super::files;

/// Watches a folder and all below it, as long as it lives.
#[derive(Debug)]
pub(super) struct FolderWatch {
    seen: Arc<Seen>,
    _watcher: Option<RecommendedWatcher>,
}

#[derive(Debug)]
struct Seen {
    root: PathBuf,
    keys: Mutex<BTreeSet<String>>,
    /// Files may have been put into a new folder before it was watched.
    folders: Mutex<BTreeSet<PathBuf>>,
    /// The watch cannot say what changed: look at everything.
    lost: AtomicBool,
    changed: Notify,
}

impl FolderWatch {
    /// Starts to watch. Without a watch (the kernel's limit is reached) the sweep still finds all.
    pub(super) fn start(root: PathBuf) -> Self {
        let seen = Arc::new(Seen {
            root: root.clone(),
            keys: Mutex::default(),
            folders: Mutex::default(),
            lost: AtomicBool::new(false),
            changed: Notify::new(),
        });
        let noted = seen.clone();
        let watcher = notify::recommended_watcher(move |event| noted.note(event));
        let watching = watcher.and_then(|mut watcher| {
            watcher.watch(&root, RecursiveMode::Recursive).map(|()| watcher)
        });
        if let Err(error) = &watching {
            tracing::warn!(%error, "no folder watch: files are found by the sweep only");
        }
        Self { seen, _watcher: watching.ok() }
    }

    /// Keys that may have changed since the last call.
    pub(super) fn take_keys(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.seen.keys.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Folders that came into being since the last call.
    pub(super) fn take_folders(&self) -> BTreeSet<PathBuf> {
        std::mem::take(&mut self.seen.folders.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether changes were lost since the last call.
    pub(super) fn take_lost(&self) -> bool {
        self.seen.lost.swap(false, Ordering::Relaxed)
    }

    /// Returns when something has changed.
    pub(super) async fn changed(&self) {
        self.seen.changed.notified().await;
    }
}

impl Seen {
    fn note(&self, event: notify::Result<Event>) {
        match event {
            Ok(event) if event.need_rescan() => self.lost.store(true, Ordering::Relaxed),
            Ok(event) if may_be_written(event.kind) => {
                event.paths.iter().for_each(|path| self.note_path(path));
            }
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(%error, "the folder watch failed: looking at everything");
                self.lost.store(true, Ordering::Relaxed);
            }
        }
        self.changed.notify_one();
    }

    fn note_path(&self, path: &Path) {
        if path.is_dir() {
            let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
            folders.insert(path.to_owned());
        } else if let Some(key) = files::data_key(&self.root, path) {
            self.keys.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
        }
    }
}

/// Reading a file is no change; a run that reads its file must not start another one.
fn may_be_written(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) | EventKind::Remove(_) => false,
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Other => true,
    }
}
