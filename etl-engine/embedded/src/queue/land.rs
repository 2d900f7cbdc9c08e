//! Landing a file in the raw zone.

use domain::arrival::{Arrival, ObjectVersion, Sequencer, is_data_key};
use domain::dataset::DatasetId;
use domain::{Error, ErrorKind, Result};
use jiff::Timestamp;
use object_store::path::Path as Key;
use object_store::{
    Attributes, MultipartUpload, ObjectStore, ObjectStoreExt, PutMultipartOptions, PutPayload,
};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::BUCKET;

/// Bytes of a part; object stores want at least 5 MiB.
const PART: usize = 8 * 1024 * 1024;

/// Streams `source` to `key` in the raw zone and returns the arrival. Nobody sees the object before
/// it is whole; memory does not grow with its size. `progress` is told the bytes written so far.
///
/// [`ErrorKind::Invalid`] when the key names no dataset or is no data key,
/// [`ErrorKind::Unavailable`] when reading or writing fails; then nothing has landed.
pub async fn land(
    raw: &dyn ObjectStore,
    key: &str,
    source: impl AsyncRead + Send + Unpin,
    progress: impl Fn(u64) + Send + Sync,
) -> Result<Arrival> {
    land_as(raw, BUCKET, key, source, progress).await
}

/// As [`land`], in a raw zone of another name.
pub(crate) async fn land_as(
    raw: &dyn ObjectStore,
    bucket: &str,
    key: &str,
    source: impl AsyncRead + Send + Unpin,
    progress: impl Fn(u64) + Send + Sync,
) -> Result<Arrival> {
    put(raw, bucket, key, source, progress, Attributes::new()).await
}

/// As [`land_as`], with attributes on the object.
pub(crate) async fn put(
    raw: &dyn ObjectStore,
    bucket: &str,
    key: &str,
    source: impl AsyncRead + Send + Unpin,
    progress: impl Fn(u64) + Send + Sync,
    attributes: Attributes,
) -> Result<Arrival> {
    let location = checked(key)?;
    let options = PutMultipartOptions { attributes, ..PutMultipartOptions::default() };
    let upload = raw.put_multipart_opts(&location, options).await;
    let mut upload = upload.map_err(|error| failed(key, error))?;
    let size = match write(upload.as_mut(), key, source, progress).await {
        Ok(size) => size,
        Err(error) => {
            // The upload would otherwise wait for the rest of it for ever.
            let _ = upload.abort().await;
            return Err(error);
        }
    };
    let put = upload.complete().await.map_err(|error| failed(key, error))?;
    let version = put.version.map(ObjectVersion::VersionId);
    let version = version.or(put.e_tag.map(ObjectVersion::ETag)).ok_or_else(|| {
        Error::internal(format!("the raw zone gave neither version nor eTag for {key}"))
    })?;
    Ok(Arrival { bucket: bucket.to_owned(), ..arrival(key, version, size) })
}

/// A file whose bytes are all in the raw zone's own file system, about to land. Made by [`stage`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Staged {
    from: Key,
    key: String,
    size: u64,
    /// The eTag that the file has, and keeps when it is moved.
    pub(crate) e_tag: String,
}

/// Looks at a complete file at `from`, a place of the raw zone that no reader looks at, that is to
/// land at `key`. Errors as [`land`].
pub(crate) async fn stage(raw: &dyn ObjectStore, from: &str, key: &str) -> Result<Staged> {
    checked(key)?;
    let from = Key::parse(from).map_err(|error| failed(key, error))?;
    let meta = raw.head(&from).await.map_err(|error| failed(key, error))?;
    let e_tag = meta.e_tag.ok_or_else(|| {
        Error::internal(format!("the raw zone gave no eTag for the bytes of {key}"))
    })?;
    Ok(Staged { from, key: key.to_owned(), size: meta.size, e_tag })
}

/// Moves a staged file to its key, in one step and durably, and returns the arrival.
pub(crate) async fn land_staged(raw: &dyn ObjectStore, staged: &Staged) -> Result<Arrival> {
    let location = checked(&staged.key)?;
    let moved = raw.rename(&staged.from, &location).await;
    moved.map_err(|error| failed(&staged.key, error))?;
    Ok(arrival(&staged.key, ObjectVersion::ETag(staged.e_tag.clone()), staged.size))
}

/// What landed just now.
fn arrival(key: &str, version: ObjectVersion, size: u64) -> Arrival {
    let landed_at = Timestamp::now();
    Arrival {
        bucket: BUCKET.to_owned(),
        key: key.to_owned(),
        version,
        sequencer: Sequencer::at(landed_at),
        size,
        landed_at,
    }
}

async fn write(
    upload: &mut dyn MultipartUpload,
    key: &str,
    mut source: impl AsyncRead + Send + Unpin,
    progress: impl Fn(u64) + Send + Sync,
) -> Result<u64> {
    let mut written = 0;
    loop {
        let mut part = Vec::with_capacity(PART);
        let mut limited = (&mut source).take(PART as u64);
        let length = limited.read_to_end(&mut part).await.map_err(|error| failed(key, error))?;
        if length > 0 {
            upload.put_part(PutPayload::from(part)).await.map_err(|error| failed(key, error))?;
            written += length as u64;
            progress(written);
        }
        if length < PART {
            return Ok(written);
        }
    }
}

/// The key as it is: one that would have to be changed to be safe is refused.
fn checked(key: &str) -> Result<Key> {
    DatasetId::of_key(key)?;
    if !is_data_key(key) || key.split('/').any(|part| part.starts_with('.')) {
        return Err(Error::invalid(format!(
            "key {key:?} is no data: use a file name that is not hidden, not temporary and has no #"
        )));
    }
    Key::parse(key).map_err(|error| Error::invalid(format!("key {key:?} is not valid: {error}")))
}

fn failed(key: &str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    let message = format!("{key} could not be landed: {error}; nothing was changed, try again");
    Error::new(ErrorKind::Unavailable, message).with_source(error)
}
