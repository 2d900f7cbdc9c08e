//! Bytes by their digest: `<folder>/<first two digits>/<digest>`.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::release::Digest;
use domain::{Error, ErrorKind, Result};
use infra::release::{AssetStore, changed_asset, check_asset, digest, missing_asset};
use uuid::Uuid;

/// Where files are written before they get their name.
const STAGING: &str = "staging";

/// A staged file this old belongs to a process that was killed.
const STAGED_ABANDONED: Duration = Duration::from_secs(3600);

/// The [`AssetStore`] in a folder: each content is written once, whole and synced.
#[derive(Debug, Clone)]
pub struct FileAssetStore {
    folder: Arc<Path>,
}

impl FileAssetStore {
    /// Makes the folder, and takes away what killed processes left half written. Unavailable when it
    /// cannot be made.
    pub async fn open(folder: &Path) -> Result<Self> {
        let assets = Self { folder: folder.into() };
        let staging = folder.join(STAGING);
        blocking(&assets.folder, "prepare", move || {
            fs::create_dir_all(&staging)?;
            take_away_abandoned(&staging)
        })
        .await?;
        Ok(assets)
    }

    fn path(&self, of: &Digest) -> PathBuf {
        self.folder.join(&of.as_str()[..2]).join(of.as_str())
    }
}

#[async_trait]
impl AssetStore for FileAssetStore {
    async fn put(&self, of: &Digest, bytes: Vec<u8>) -> Result<bool> {
        check_asset(of, &bytes)?;
        let (path, staging) = (self.path(of), self.folder.join(STAGING));
        let of = of.clone();
        blocking(&self.folder, "write", move || {
            if fs::read(&path).is_ok_and(|found| digest(&found) == of) {
                return Ok(false);
            }
            write_whole(&staging.join(Uuid::now_v7().to_string()), &path, &bytes)?;
            Ok(true)
        })
        .await
    }

    async fn get(&self, of: &Digest) -> Result<Vec<u8>> {
        let path = self.path(of);
        let found = blocking(&self.folder, "read", move || match fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        });
        let bytes = found.await?.ok_or_else(|| missing_asset(of))?;
        if digest(&bytes) == *of { Ok(bytes) } else { Err(changed_asset(of)) }
    }
}

/// Writes a file so that it is there wholly or not at all, also after a loss of power (A20).
fn write_whole(staged: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(staged)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    fs::rename(staged, path)?;
    sync_folder(folder)?;
    folder.parent().map_or(Ok(()), sync_folder)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn take_away_abandoned(staging: &Path) -> io::Result<()> {
    for entry in fs::read_dir(staging)? {
        let entry = entry?;
        let age = entry.metadata()?.modified()?.elapsed().unwrap_or_default();
        if age > STAGED_ABANDONED {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(
    folder: &Path,
    doing: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    let ended = tokio::task::spawn_blocking(work).await;
    let ended =
        ended.map_err(|error| Error::internal("file work ended early").with_source(error))?;
    ended.map_err(|error| {
        let message = format!("could not {doing} releases in {}: {error}", folder.display());
        Error::new(ErrorKind::Unavailable, message).with_source(error)
    })
}
