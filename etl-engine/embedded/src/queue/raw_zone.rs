//! The raw zone as files land in it: a folder of this machine, or a bucket elsewhere.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::arrival::{Arrival, ObjectVersion, Sequencer};
use domain::{Error, Result};
use etl_engine::table_files::store_error;
use jiff::Timestamp;
use object_store::path::Path as Key;
use object_store::{Attribute, Attributes, GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt};

use super::land::{land_as, put};
use super::{BUCKET, landed};

/// Tells an object apart that an upload put there: the id of the upload.
const UPLOAD: Attribute = Attribute::Metadata(std::borrow::Cow::Borrowed("sluice-upload"));

/// The raw zone of one environment.
#[derive(Debug, Clone)]
pub struct RawZone {
    pub(crate) store: Arc<dyn ObjectStore>,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    Folder(PathBuf),
    Bucket { name: String, unfinished: PathBuf },
}

impl RawZone {
    /// A local folder; `store` is over it.
    pub fn folder(folder: PathBuf, store: Arc<dyn ObjectStore>) -> Self {
        Self { store, place: Place::Folder(folder) }
    }

    /// A bucket that tells of what lands in it by events. `unfinished` is a local folder for uploads
    /// that are not complete.
    pub fn bucket(name: String, store: Arc<dyn ObjectStore>, unfinished: PathBuf) -> Self {
        Self { store, place: Place::Bucket { name, unfinished } }
    }

    /// Where it is, for people.
    pub fn name(&self) -> String {
        match &self.place {
            Place::Folder(folder) => folder.display().to_string(),
            Place::Bucket { name, .. } => format!("s3://{name}"),
        }
    }

    /// Its folder, if it is one on this machine.
    pub fn local_folder(&self) -> Option<&Path> {
        match &self.place {
            Place::Folder(folder) => Some(folder),
            Place::Bucket { .. } => None,
        }
    }

    /// The folder below which the bytes of unfinished uploads lie.
    pub(crate) fn unfinished(&self) -> &Path {
        match &self.place {
            Place::Folder(folder) => folder,
            Place::Bucket { unfinished, .. } => unfinished,
        }
    }

    /// Whether an event tells of everything that lands, and of its order among the versions of its key:
    /// then arrivals are recorded by their events alone.
    pub fn tells_of_landings(&self) -> bool {
        matches!(self.place, Place::Bucket { .. })
    }

    /// Lands a local file; `progress` is told the bytes written so far. Errors as [`super::land`].
    pub async fn land(
        &self,
        key: &str,
        file: &Path,
        progress: impl Fn(u64) + Send + Sync,
    ) -> Result<Arrival> {
        let opened = tokio::fs::File::open(file).await.map_err(|error| {
            Error::invalid(format!("{} cannot be read: {error}", file.display()))
        })?;
        land_as(self.store.as_ref(), self.bucket_name(), key, opened, progress).await
    }

    /// The arrival of a local file that already lies in the raw zone.
    pub fn landed(&self, file: &Path) -> Option<Arrival> {
        self.local_folder().and_then(|folder| landed(folder, file))
    }

    /// Whether an object lies at a key.
    pub async fn holds(&self, key: &str) -> Result<bool> {
        if let Place::Folder(folder) = &self.place {
            return Ok(landed(folder, &folder.join(key)).is_some());
        }
        let location = Key::parse(key).map_err(|error| Error::invalid(error.to_string()))?;
        match self.store.head(&location).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(store_error(error)),
        }
    }

    /// Lands the bytes of an upload in a bucket, marked with its id.
    pub(crate) async fn land_marked(&self, key: &str, file: &Path, mark: &str) -> Result<Arrival> {
        let opened = tokio::fs::File::open(file).await.map_err(|error| {
            Error::not_found(format!("the bytes of the upload are gone: {error}; begin it again"))
        })?;
        let marked = Attributes::from_iter([(UPLOAD, mark.to_owned())]);
        put(self.store.as_ref(), self.bucket_name(), key, opened, |_| {}, marked).await
    }

    /// The arrival of an upload that an earlier attempt landed in a bucket, if it is still what lies there.
    pub(crate) async fn landed_marked(&self, key: &str, mark: &str) -> Result<Option<Arrival>> {
        let location = Key::parse(key).map_err(|error| Error::invalid(error.to_string()))?;
        let asked = GetOptions { head: true, ..GetOptions::default() };
        let found = match self.store.get_opts(&location, asked).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(store_error(error)),
        };
        let ours = found.attributes.get(&UPLOAD).is_some_and(|value| value.as_ref() == mark);
        if ours { self.arrival_of(key, &found.meta).map(Some) } else { Ok(None) }
    }

    fn arrival_of(&self, key: &str, meta: &ObjectMeta) -> Result<Arrival> {
        let version = meta.version.clone().map(ObjectVersion::VersionId);
        let version = version.or_else(|| meta.e_tag.clone().map(ObjectVersion::ETag));
        let version = version.ok_or_else(|| {
            Error::internal(format!("the raw zone gave neither version nor eTag for {key}"))
        })?;
        let landed_at = Timestamp::now();
        Ok(Arrival {
            bucket: self.bucket_name().to_owned(),
            key: key.to_owned(),
            version,
            sequencer: Sequencer::at(landed_at),
            size: meta.size,
            landed_at,
        })
    }

    fn bucket_name(&self) -> &str {
        match &self.place {
            Place::Folder(_) => BUCKET,
            Place::Bucket { name, .. } => name,
        }
    }
}
