//! The bytes of files.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{Error, Result};
use futures::{StreamExt, TryStreamExt};
use infra::lake_repository::{Entry, EntryKind, MAX_FILE_BYTES, MAX_READ_BYTES, check_path};
use serde::Deserialize;

use super::GitHubLakeRepository;
use super::tree::Listing;

/// Files that are fetched at once: GitHub dislikes more.
const AT_ONCE: usize = 8;

#[derive(Deserialize)]
struct Blob {
    content: String,
    encoding: String,
}

impl GitHubLakeRepository {
    /// The bytes of files of a listing, in the order asked for.
    pub(super) async fn bytes(&self, listing: &Listing, paths: &[String]) -> Result<Vec<Vec<u8>>> {
        let mut objects = Vec::with_capacity(paths.len());
        let mut left = MAX_READ_BYTES;
        for path in paths {
            let (object, bytes) = readable(listing, path)?;
            left = left.checked_sub(bytes).ok_or_else(|| {
                Error::invalid(format!("the files have more than {MAX_READ_BYTES} bytes together"))
            })?;
            objects.push((path.clone(), object.to_owned()));
        }
        let fetched = futures::stream::iter(objects)
            .map(|(path, object)| async move { self.blob(&object, &path).await });
        fetched.buffered(AT_ONCE).map_ok(|bytes| bytes.to_vec()).try_collect().await
    }

    async fn blob(&self, object: &str, path: &str) -> Result<Arc<[u8]>> {
        if let Some(kept) = self.blobs.get(&object.to_owned()) {
            return Ok(kept);
        }
        let blob: Blob =
            self.client.get(&format!("git/blobs/{object}"), &format!("read file {path}")).await?;
        let bytes: Arc<[u8]> = decoded(blob, path)?.into();
        self.blobs.put(object.to_owned(), Arc::clone(&bytes), bytes.len());
        Ok(bytes)
    }
}

fn decoded(blob: Blob, path: &str) -> Result<Vec<u8>> {
    let broken = || Error::internal(format!("GitHub gave file {path} in a form that is not known"));
    match blob.encoding.as_str() {
        "base64" => {
            let letters: String = blob.content.split_ascii_whitespace().collect();
            STANDARD.decode(letters).map_err(|_| broken())
        }
        "utf-8" => Ok(blob.content.into_bytes()),
        _ => Err(broken()),
    }
}

/// The object of a file that may be read, and its length.
fn readable<'l>(listing: &'l Listing, path: &str) -> Result<(&'l str, u64)> {
    check_path(path)?;
    let at = listing.binary_search_by(|listed| listed.entry.path.as_str().cmp(path));
    let found = at.ok().and_then(|at| listing.get(at)).map(|listed| &listed.entry);
    match found {
        Some(Entry { kind: EntryKind::File { bytes }, .. }) if *bytes > MAX_FILE_BYTES => {
            Err(Error::invalid(format!("{path} has more than {MAX_FILE_BYTES} bytes")))
        }
        Some(Entry { kind: EntryKind::File { bytes }, object, .. }) => Ok((object, *bytes)),
        Some(Entry { kind: EntryKind::Link, .. }) => {
            Err(Error::invalid(format!("{path} is a symbolic link: those are not followed")))
        }
        Some(Entry { kind: EntryKind::Submodule, .. }) | None => {
            Err(Error::not_found(format!("file {path} is not in this commit")))
        }
    }
}
