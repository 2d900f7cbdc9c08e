//! A local object store that acknowledges only what is on disk.
//!
//! Reading and listing are `object_store`'s own; every write goes through [`super::staging`],
//! because that crate syncs neither files nor folders.

use std::fs::Metadata;
use std::io;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{
    CopyMode, CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions,
    RenameTargetMode, Result,
};

use super::confined::{Confined, Listed};
use super::staging::{self, Existing, StagedFile};
use super::upload::DurableUpload;

const STORE: &str = "local folder";

/// See [`super::local_store`].
#[derive(Debug)]
pub(super) struct DurableLocalStore {
    local: LocalFileSystem,
    confined: Confined,
}

impl DurableLocalStore {
    /// Opens an existing folder, and removes what crashed writers left in it.
    pub(super) fn open(root: &Path) -> Result<Self> {
        let root = root.canonicalize().map_err(|error| io_error("", error))?;
        staging::remove_abandoned(&root).map_err(|error| io_error("", error))?;
        let local = LocalFileSystem::new_with_prefix(&root)?;
        Ok(Self { confined: Confined::new(root, local.clone()), local })
    }

    /// Only what lies inside the root.
    fn inside(
        &self,
        listed: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let mut inside = Listed::new(self.confined.clone());
        listed
            .try_filter(move |meta| futures::future::ready(inside.is_inside(&meta.location)))
            .boxed()
    }

    /// Makes the folders of keys durable that `object_store` has changed.
    async fn sync_folders<const N: usize>(&self, paths: [PathBuf; N]) -> Result<()> {
        blocking(move || {
            let mut folders: Vec<_> = paths.iter().filter_map(|path| path.parent()).collect();
            folders.dedup();
            let synced = folders.into_iter().try_for_each(staging::sync_folder);
            synced.map_err(|error| io_error("", error))
        })
        .await
    }
}

impl std::fmt::Display for DurableLocalStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{STORE} {}", self.confined.root().display())
    }
}

#[async_trait]
impl ObjectStore for DurableLocalStore {
    async fn put_opts(
        &self,
        location: &Key,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        let existing = match opts.mode {
            PutMode::Overwrite => Existing::Replace,
            PutMode::Create => Existing::Keep,
            PutMode::Update(_) => return Err(not_implemented("put_opts with PutMode::Update")),
        };
        if !opts.attributes.is_empty() {
            return Err(not_implemented("put_opts with attributes"));
        }
        let (confined, key) = (self.confined.clone(), location.clone());
        blocking(move || {
            let target = confined.path(&key)?;
            let written = StagedFile::create(confined.root()).and_then(|mut staged| {
                staged.write(payload.iter().map(AsRef::as_ref))?;
                staged.publish(&target, existing)
            });
            written
                .map(|metadata| put_result(&metadata))
                .map_err(|error| io_error(key.as_ref(), error))
        })
        .await
    }

    async fn put_multipart_opts(
        &self,
        location: &Key,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        if !opts.attributes.is_empty() {
            return Err(not_implemented("put_multipart_opts with attributes"));
        }
        let (confined, key) = (self.confined.clone(), location.clone());
        let upload = blocking(move || {
            let target = confined.path(&key)?;
            let staged = StagedFile::create(confined.root());
            let staged = staged.map_err(|error| io_error(key.as_ref(), error))?;
            Ok(DurableUpload::new(key.to_string(), target, staged))
        });
        Ok(Box::new(upload.await?))
    }

    async fn get_opts(&self, location: &Key, options: GetOptions) -> Result<GetResult> {
        self.confined.path(location)?;
        self.local.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Key, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.confined.path(location)?;
        self.local.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Key>>,
    ) -> BoxStream<'static, Result<Key>> {
        let confined = self.confined.clone();
        let deleted = locations.map(move |location| {
            let confined = confined.clone();
            blocking(move || {
                let key = location?;
                let path = confined.path(&key)?;
                std::fs::remove_file(&path)
                    .and_then(|()| staging::sync_folder(path.parent().unwrap_or(&path)))
                    .map_err(|error| io_error(key.as_ref(), error))?;
                Ok(key)
            })
        });
        deleted.buffered(8).boxed()
    }

    fn list(&self, prefix: Option<&Key>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.confined.check_prefix(prefix) {
            Ok(()) => self.inside(self.local.list(prefix)),
            Err(error) => futures::stream::iter([Err(error)]).boxed(),
        }
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Key>,
        offset: &Key,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.confined.check_prefix(prefix) {
            Ok(()) => self.inside(self.local.list_with_offset(prefix, offset)),
            Err(error) => futures::stream::iter([Err(error)]).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Key>) -> Result<ListResult> {
        self.confined.check_prefix(prefix)?;
        let mut listed = self.local.list_with_delimiter(prefix).await?;
        let mut inside = Listed::new(self.confined.clone());
        listed.objects.retain(|meta| inside.is_inside(&meta.location));
        listed.common_prefixes.retain(|prefix| self.confined.check_prefix(Some(prefix)).is_ok());
        Ok(listed)
    }

    async fn copy_opts(&self, from: &Key, to: &Key, options: CopyOptions) -> Result<()> {
        self.confined.path(from)?;
        let target = self.confined.path(to)?;
        self.prepare_folder(&target).await?;
        // A copy is a second link to the same, already synced bytes: no file is changed in place.
        self.local.copy_opts(from, to, options).await?;
        self.sync_folders([target]).await
    }

    async fn rename_opts(&self, from: &Key, to: &Key, options: RenameOptions) -> Result<()> {
        if options.target_mode == RenameTargetMode::Create {
            let copy = CopyOptions { mode: CopyMode::Create, extensions: options.extensions };
            self.copy_opts(from, to, copy).await?;
            return object_store::ObjectStoreExt::delete(self, from).await;
        }
        let (source, target) = (self.confined.path(from)?, self.confined.path(to)?);
        self.prepare_folder(&target).await?;
        self.local.rename_opts(from, to, options).await?;
        self.sync_folders([target, source]).await
    }
}

impl DurableLocalStore {
    /// Creates the folder of a target durably, before `object_store` would without syncing.
    async fn prepare_folder(&self, target: &Path) -> Result<()> {
        let folder = target.parent().unwrap_or(target).to_owned();
        blocking(move || staging::create_folders(&folder).map_err(|error| io_error("", error)))
            .await
    }
}

/// Runs file system calls where they may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await?
}

/// What a put reports.
pub(super) fn put_result(metadata: &Metadata) -> PutResult {
    PutResult { e_tag: Some(e_tag(metadata)), version: None }
}

/// The eTag that `object_store` reports for a file: it changes with file, time and size.
pub(crate) fn e_tag(metadata: &Metadata) -> String {
    let modified = metadata.modified().ok();
    let since = modified.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let micros = since.unwrap_or_default().as_micros();
    format!("{:x}-{micros:x}-{:x}", metadata.ino(), metadata.len())
}

/// Keeps the kinds that callers act on.
pub(super) fn io_error(key: &str, error: io::Error) -> Error {
    let path = key.to_owned();
    match error.kind() {
        io::ErrorKind::NotFound => Error::NotFound { path, source: error.into() },
        io::ErrorKind::AlreadyExists => Error::AlreadyExists { path, source: error.into() },
        io::ErrorKind::PermissionDenied => Error::PermissionDenied { path, source: error.into() },
        _ => Error::Generic { store: STORE, source: error.into() },
    }
}

fn not_implemented(operation: &str) -> Error {
    Error::NotImplemented { operation: operation.to_owned(), implementer: STORE.to_owned() }
}
