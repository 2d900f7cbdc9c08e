//! A store whose answers get lost: what was asked is done, or not, and an error comes back.

use std::fmt::{Display, Formatter};
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    RenameOptions, Result,
};

/// Renames and deletes once answer with an error, after they were applied or instead.
#[derive(Debug)]
pub(super) struct AmbiguousStore {
    pub(super) inner: InMemory,
    pub(super) applies: bool,
    failed: AtomicBool,
}

impl AmbiguousStore {
    pub(super) fn new(inner: InMemory, applies: bool) -> Self {
        Self { inner, applies, failed: AtomicBool::new(false) }
    }

    /// The error of the first call, none for later ones.
    fn lost_answer(&self) -> Option<Error> {
        let first = !self.failed.swap(true, Ordering::SeqCst);
        first.then(|| Error::Generic { store: "ambiguous", source: "503 Slow Down".into() })
    }
}

impl Display for AmbiguousStore {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("ambiguous")
    }
}

#[async_trait]
impl ObjectStore for AmbiguousStore {
    async fn put_opts(
        &self,
        at: &Path,
        bytes: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.inner.put_opts(at, bytes, options).await
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(at, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let lost = self.lost_answer();
        if lost.is_some() && !self.applies {
            return futures::stream::iter(lost.map(Err)).boxed();
        }
        let deleted = self.inner.delete_stream(locations);
        match lost {
            Some(error) => {
                let mut error = Some(error);
                deleted.map(move |outcome| error.take().map_or(outcome, Err)).boxed()
            }
            None => deleted,
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, _: RenameOptions) -> Result<()> {
        let lost = self.lost_answer();
        if lost.is_none() || self.applies {
            self.inner.rename(from, to).await?;
        }
        lost.map_or(Ok(()), Err)
    }
}
