//! The bytes of uploads: one file each, written by one request at a time.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use domain::upload::UploadId;
use domain::{Error, ErrorKind, Result};
use futures::{Stream, StreamExt};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use super::Uploads;
use crate::store::sync_folder;

/// The folder of unfinished uploads below the raw zone. Hidden, and its files end in `.part`, so
/// that neither watch nor sweep takes them for data.
const FOLDER: &str = ".uploads";

/// Place of an upload's bytes below the raw zone.
pub(super) fn path_of(id: UploadId) -> String {
    format!("{FOLDER}/{id}.part")
}

/// The open file of an upload. Whoever holds it is the only writer, among all processes.
pub(super) struct OpenBytes {
    file: tokio::fs::File,
}

impl Uploads {
    /// Opens the bytes of an upload for writing. [`ErrorKind::Conflict`] while another request does.
    pub(super) async fn open_bytes(&self, id: UploadId) -> Result<OpenBytes> {
        let path = self.raw.unfinished().join(path_of(id));
        let opened = tokio::task::spawn_blocking(move || open_locked(&path)).await;
        let file = opened.map_err(|error| Error::internal(error.to_string()))??;
        Ok(OpenBytes { file: tokio::fs::File::from_std(file) })
    }

    /// Removes the bytes of an upload, if there are any.
    pub(super) async fn remove_bytes(&self, id: UploadId) -> Result<()> {
        match tokio::fs::remove_file(self.raw.unfinished().join(path_of(id))).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&error)),
            _ => Ok(()),
        }
    }

    /// Removes old bytes that no upload knows: those of a request that an abort overtook.
    pub(super) async fn remove_orphans(&self) -> Result<()> {
        let Ok(mut entries) = tokio::fs::read_dir(self.raw.unfinished().join(FOLDER)).await else {
            return Ok(());
        };
        let expire_after = Duration::try_from(self.limits.expire_after).unwrap_or_default();
        while let Some(entry) = entries.next_entry().await.map_err(|error| failed(&error))? {
            let name = entry.file_name();
            let stem = name.to_str().and_then(|name| name.strip_suffix(".part"));
            let Some(id) = stem.and_then(|stem| stem.parse().ok()) else { continue };
            let modified = entry.metadata().await.and_then(|metadata| metadata.modified());
            let age = modified.ok().and_then(|at| SystemTime::now().duration_since(at).ok());
            if age.is_some_and(|age| age > expire_after) && self.select(id).await?.is_none() {
                self.remove_bytes(id).await?;
            }
        }
        Ok(())
    }
}

impl OpenBytes {
    /// Cuts the file to the bytes that are surely on disk, `certain` or fewer, and returns how many.
    pub(super) async fn cut_to(&mut self, certain: u64) -> Result<u64> {
        let length = self.file.metadata().await.map_err(|error| failed(&error))?.len();
        let at = certain.min(length);
        if length > at {
            self.file.set_len(at).await.map_err(|error| failed(&error))?;
        }
        self.file.seek(io::SeekFrom::Start(at)).await.map_err(|error| failed(&error))?;
        Ok(at)
    }

    /// Appends `bytes` from `at` on, up to `size`, and syncs them. Returns how many bytes of the
    /// file are on disk, and whether all of `bytes` came and could be written.
    pub(super) async fn write(
        mut self,
        bytes: impl Stream<Item = Result<Bytes>> + Send,
        at: u64,
        size: u64,
        patience: Duration,
    ) -> (u64, Result<()>) {
        let mut bytes = std::pin::pin!(bytes);
        let (mut written, mut outcome) = (at, Ok(()));
        loop {
            let next = tokio::time::timeout(patience, bytes.next()).await;
            let piece = match next {
                Ok(None) => break,
                Ok(Some(Ok(piece))) => piece,
                Ok(Some(Err(error))) => {
                    outcome = Err(error);
                    break;
                }
                Err(_) => {
                    outcome = Err(Error::new(
                        ErrorKind::Unavailable,
                        "no bytes came for too long: go on from where the upload stands",
                    ));
                    break;
                }
            };
            if written + piece.len() as u64 > size {
                let message = format!("more bytes came than the {size} that the file has");
                return (self.give_up(at).await, Err(Error::invalid(message)));
            }
            if let Err(error) = self.file.write_all(&piece).await {
                return (self.give_up(at).await, Err(failed(&error)));
            }
            written += piece.len() as u64;
        }
        match self.sync().await {
            Ok(()) => (written, outcome),
            Err(error) => (at, Err(failed(&error))),
        }
    }

    async fn sync(&mut self) -> io::Result<()> {
        self.file.flush().await?;
        self.file.sync_data().await
    }

    /// Takes back what this request wrote.
    async fn give_up(&mut self, at: u64) -> u64 {
        // Whatever is left behind the certain bytes, the next request cuts off.
        let _ = self.file.flush().await;
        let _ = self.file.set_len(at).await;
        at
    }
}

fn open_locked(path: &Path) -> Result<File> {
    let existed = path.exists();
    if let Some(folder) = path.parent().filter(|_| !existed) {
        std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    }
    let opened = File::options().create(true).truncate(false).read(true).write(true).open(path);
    let file = opened.map_err(|error| failed(&error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(Error::conflict(
                "another request is sending bytes of this upload: wait for it, then ask where it \
                 stands",
            ));
        }
        Err(TryLockError::Error(error)) => return Err(failed(&error)),
    }
    if let Some(folder) = path.parent().filter(|_| !existed) {
        sync_folder(folder).map_err(|error| failed(&error))?;
    }
    Ok(file)
}

fn failed(error: &io::Error) -> Error {
    let message = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "the disk of the raw zone is full: make room, then go on".to_owned()
        }
        _ => format!("the bytes of the upload cannot be written: {error}; try again"),
    };
    Error::new(ErrorKind::Unavailable, message)
}
