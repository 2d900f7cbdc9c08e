//! Uploads: files that come piece by piece, over many requests and restarts, until they land.
//!
//! Bytes lie in a hidden folder of the raw zone, so that landing is one rename, or on this machine until
//! they are put into a bucket; how many of them are
//! surely on disk stands in the database. A process killed at any moment costs the bytes of the
//! request that was under way, and nothing else.

mod bytes;
mod free_space;
mod rows;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use ::bytes::Bytes;
use domain::arrival::{Arrival, ObjectVersion};
use domain::dataset::DatasetId;
use domain::environment::EnvironmentName;
use domain::run::RunId;
use domain::upload::{UploadId, key_of};
use domain::{Error, ErrorKind, Result};
use etl_engine::failpoint;
use futures::Stream;
use jiff::{SignedDuration, Timestamp};

use crate::queue::{RawZone, land_staged, landed, stage};
use database::Database;
use free_space::FreeSpace;

/// Landed uploads are remembered so long, so that a client that lost the answer learns the run.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What uploads may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadLimits {
    /// Largest file, in bytes.
    pub max_bytes: u64,
    /// Uploads of one user in one environment that may be under way.
    pub max_per_user: u32,
    /// Bytes that stay free on the disk of the raw zone.
    pub free_reserve: u64,
    /// An upload that got no bytes for so long is removed.
    pub expire_after: SignedDuration,
    /// A request that sends nothing for so long is ended; what came before is kept.
    pub patience: Duration,
}

impl Default for UploadLimits {
    fn default() -> Self {
        Self {
            max_bytes: 64 << 30,
            max_per_user: 16,
            free_reserve: 1 << 30,
            expire_after: SignedDuration::from_hours(24),
            patience: Duration::from_secs(30),
        }
    }
}

/// Where an upload stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UploadState {
    /// Bytes are missing, or have just become complete.
    Receiving,
    /// All bytes are there; the file is being moved to its place and recorded.
    Landing,
    /// It lies in the raw zone and is recorded.
    Landed,
}

/// A file on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// Whose it is.
    pub owner: String,
    /// Their name, for the run ledger.
    pub actor: String,
    /// Where it will land.
    pub key: String,
    /// Bytes of the whole file.
    pub size: u64,
    /// Bytes that are on disk for certain.
    pub received: u64,
    /// Where it stands.
    pub state: UploadState,
    /// The eTag of the landed object, once all bytes are there.
    pub e_tag: Option<String>,
    /// The run that it became.
    pub run: Option<RunId>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it got its last bytes.
    pub changed_at: Timestamp,
}

impl Upload {
    /// Whether all bytes are there and it only has to land.
    pub fn is_complete(&self) -> bool {
        self.state != UploadState::Landed && self.received == self.size
    }
}

/// A file that somebody wants to upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUpload {
    /// Whose it is.
    pub owner: String,
    /// Their name, for the run ledger.
    pub actor: String,
    /// The dataset it belongs to.
    pub dataset: DatasetId,
    /// Its name.
    pub file_name: String,
    /// Bytes of it.
    pub size: u64,
}

/// The uploads of one environment.
#[derive(Debug, Clone)]
pub struct Uploads {
    database: Database,
    environment: EnvironmentName,
    raw: RawZone,
    limits: UploadLimits,
    free_space: FreeSpace,
}

impl Uploads {
    /// The uploads into a raw zone.
    pub fn new(
        database: Database,
        environment: EnvironmentName,
        raw: RawZone,
        limits: UploadLimits,
    ) -> Self {
        let free_space = FreeSpace::of(raw.unfinished().to_owned());
        Self { database, environment, raw, limits, free_space }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(self, limits: UploadLimits) -> Self {
        Self { limits, ..self }
    }

    /// What uploads may take.
    pub fn limits(&self) -> &UploadLimits {
        &self.limits
    }

    /// Begins an upload. [`ErrorKind::Invalid`] when the name is refused or the file is empty or too
    /// large, [`ErrorKind::Throttled`] when its owner has too many under way,
    /// [`ErrorKind::Unavailable`] when the disk has no room for it.
    pub async fn begin(&self, new: NewUpload, now: Timestamp) -> Result<Upload> {
        let key = key_of(&new.dataset, &new.file_name)?;
        let limits = &self.limits;
        if new.size == 0 {
            return Err(Error::invalid(format!(
                "{} is empty: there is nothing in it",
                new.file_name
            )));
        }
        if new.size > limits.max_bytes {
            return Err(Error::invalid(format!(
                "{} has {} bytes, more than the {} that an upload may have: put it into the raw \
                 zone by another way, or cut it",
                new.file_name, new.size, limits.max_bytes
            )));
        }
        self.check_room(new.size).await?;
        let upload = Upload {
            id: UploadId::generate(),
            owner: new.owner,
            actor: new.actor,
            key,
            size: new.size,
            received: 0,
            state: UploadState::Receiving,
            e_tag: None,
            run: None,
            created_at: now,
            changed_at: now,
        };
        if self.insert(&upload).await? {
            return Ok(upload);
        }
        Err(Error::new(
            ErrorKind::Throttled,
            format!(
                "{} of your uploads are under way, as many as may be: finish or abort one",
                limits.max_per_user
            ),
        ))
    }

    /// An upload of this owner. Another's is not found, as if it did not exist.
    pub async fn find(&self, id: UploadId, owner: &str) -> Result<Upload> {
        let upload = self.select(id).await?.filter(|upload| upload.owner == owner);
        upload.ok_or_else(gone)
    }

    /// Whether the disk has room for so many more bytes, beside its reserve.
    pub async fn has_room(&self, bytes: u64) -> bool {
        self.free_space.has(bytes.saturating_add(self.limits.free_reserve)).await
    }

    async fn check_room(&self, bytes: u64) -> Result<()> {
        if self.has_room(bytes).await {
            return Ok(());
        }
        let message = "the disk of the raw zone has too little room: make room, then try again";
        Err(Error::new(ErrorKind::Unavailable, message))
    }

    /// Whether an object lies where the upload will land.
    pub async fn replaces(&self, upload: &Upload) -> Result<bool> {
        self.raw.holds(&upload.key).await
    }

    /// Appends bytes that begin at `offset` of the file, and returns the upload as it is then. What
    /// came before an error is kept when it is surely on disk.
    ///
    /// [`ErrorKind::Conflict`] when `offset` is not where it stands, or another request is sending;
    /// [`ErrorKind::Invalid`] when more bytes come than the file has: then none of them are kept.
    pub async fn append(
        &self,
        upload: &Upload,
        offset: u64,
        bytes: impl Stream<Item = Result<Bytes>> + Send,
    ) -> Result<Upload> {
        if upload.state != UploadState::Receiving {
            return Ok(upload.clone());
        }
        let mut file = self.open_bytes(upload.id).await?;
        // As it is now that nobody else writes.
        let current = self.find(upload.id, &upload.owner).await?;
        let at = file.cut_to(current.received).await?;
        if at != offset {
            self.update_received(upload.id, at, current.changed_at).await?;
            return Err(Error::conflict(format!("the upload stands at byte {at}, not {offset}")));
        }
        self.check_room(0).await?;
        let (received, outcome) = file.write(bytes, at, upload.size, self.limits.patience).await;
        failpoint::reach("upload.written")?;
        if received > at {
            self.update_received(upload.id, received, Timestamp::now()).await?;
        }
        outcome?;
        self.find(upload.id, &upload.owner).await
    }

    /// Lands a complete upload, or finds it in its place when an earlier attempt had come so far. The
    /// arrival is to be recorded, then [`Uploads::recorded`].
    pub async fn land(&self, upload: &Upload) -> Result<Arrival> {
        match self.raw.local_folder() {
            Some(folder) => self.land_by_rename(upload, folder).await,
            None => self.land_by_put(upload).await,
        }
    }

    async fn land_by_rename(&self, upload: &Upload, folder: &Path) -> Result<Arrival> {
        let from = bytes::path_of(upload.id);
        match stage(self.raw.store.as_ref(), &from, &upload.key).await {
            Ok(staged) => {
                // From here on it can no longer be aborted; and when it was, it must not land.
                if !self.update_landing(upload.id, &staged.e_tag).await? {
                    return landed_before(folder, upload).ok_or_else(gone);
                }
                failpoint::reach("upload.landing")?;
                let arrival = land_staged(self.raw.store.as_ref(), &staged).await?;
                failpoint::reach("upload.moved")?;
                Ok(arrival)
            }
            Err(error) => landed_before(folder, upload).ok_or(error),
        }
    }

    /// Into a bucket. The object carries the upload's id, by which the next attempt finds it.
    async fn land_by_put(&self, upload: &Upload) -> Result<Arrival> {
        // Putting takes time: nobody else begins to meanwhile.
        let _held = self.open_bytes(upload.id).await?;
        let mark = upload.id.to_string();
        if upload.state == UploadState::Landing {
            if let Some(arrival) = self.raw.landed_marked(&upload.key, &mark).await? {
                return Ok(arrival);
            }
        } else if !self.update_landing(upload.id, &mark).await? {
            return Err(gone());
        }
        failpoint::reach("upload.landing")?;
        let bytes = self.raw.unfinished().join(bytes::path_of(upload.id));
        let arrival = self.raw.land_marked(&upload.key, &bytes, &mark).await?;
        failpoint::reach("upload.moved")?;
        Ok(arrival)
    }

    /// Notes the run that a landed upload became.
    pub async fn recorded(&self, id: UploadId, run: RunId) -> Result<()> {
        self.update_landed(id, run).await?;
        // After a rename there are none left.
        self.remove_bytes(id).await
    }

    /// Removes an upload and its bytes. [`ErrorKind::Conflict`] when it has landed.
    pub async fn abort(&self, upload: &Upload) -> Result<()> {
        if !self.delete_receiving(upload.id).await? {
            return Err(Error::conflict(format!(
                "{} has landed: cancel its run, or remove the file from the raw zone",
                upload.key
            )));
        }
        self.remove_bytes(upload.id).await
    }

    /// Uploads that are complete and were not landed by the request that completed them, because
    /// the server was stopped.
    pub async fn left_complete(&self, now: Timestamp) -> Result<Vec<Upload>> {
        self.select_complete(now - SignedDuration::from_mins(1)).await
    }

    /// Removes uploads that got no bytes for long, bytes that belong to none, and what is remembered
    /// of landed ones. Returns how many uploads were removed.
    pub async fn expire(&self, now: Timestamp) -> Result<u64> {
        let mut removed = 0;
        for upload in self.select_abandoned(now - self.limits.expire_after).await? {
            match self.abort(&upload).await {
                Ok(()) => removed += 1,
                // Its owner was faster, in one way or the other.
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                Err(error) => return Err(error),
            }
        }
        self.delete_landed(now - REMEMBERED).await?;
        self.remove_orphans().await?;
        Ok(removed)
    }
}

/// The arrival of an upload that an earlier attempt moved to its place.
fn landed_before(folder: &Path, upload: &Upload) -> Option<Arrival> {
    let version = ObjectVersion::ETag(upload.e_tag.clone()?);
    landed(folder, &folder.join(&upload.key)).filter(|arrival| arrival.version == version)
}

fn gone() -> Error {
    Error::not_found("there is no such upload: begin it again")
}
