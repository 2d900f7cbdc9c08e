//! Releases: manifests in SQL, the bytes of their files by digest in a folder or another store.
//!
//! Both are only added to. The bytes come first, so that a manifest never names what is not there; a
//! process killed in between leaves bytes that the next build finds again.

mod assets;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use database::columns::{self, from_json, from_micros, micros, parsed, to_json};
use database::{Database, failed, retrying};
use domain::release::{Digest, Release, ReleaseFile};
use domain::{Error, Result};
use infra::release::{AssetStore, Built, id};
use sqlx::any::AnyRow;

pub use assets::FileAssetStore;

const INSERT: &str = "INSERT INTO releases (id, commit_id, definition, files, built_at) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING";
const ONE: &str = "SELECT id, commit_id, definition, files, built_at FROM releases WHERE id = $1";
const RECENT: &str = "SELECT id, commit_id, definition, files, built_at FROM releases \
     ORDER BY built_at DESC, id DESC LIMIT $1";

/// All releases of a lake.
#[derive(Clone)]
pub struct ReleaseStore {
    database: Database,
    assets: Arc<dyn AssetStore>,
}

/// What storing a release had to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Different contents of the release.
    pub assets: u64,
    /// How many of them were not there already.
    pub new_assets: u64,
    /// Their length in bytes.
    pub new_bytes: u64,
}

impl ReleaseStore {
    /// The store in a folder, which is made, and a database.
    pub async fn open(database: Database, folder: &Path) -> Result<Self> {
        Ok(Self::over(database, Arc::new(FileAssetStore::open(folder).await?)))
    }

    /// The store over contents that are kept elsewhere, and a database.
    pub fn over(database: Database, assets: Arc<dyn AssetStore>) -> Self {
        Self { database, assets }
    }

    /// Keeps a release. To keep it again does nothing, and leaves its first commit and time.
    pub async fn put(&self, built: &Built) -> Result<Stored> {
        let (mut new_assets, mut new_bytes) = (0, 0);
        for (digest, bytes) in &built.assets {
            if self.assets.put(digest, bytes.clone()).await? {
                new_assets += 1;
                new_bytes += bytes.len() as u64;
            }
        }
        retrying(|| self.insert(&built.release)).await?;
        Ok(Stored { assets: built.assets.len() as u64, new_assets, new_bytes })
    }

    /// A release. NotFound when there is none of that digest.
    pub async fn get(&self, digest: &Digest) -> Result<Release> {
        let found = sqlx::query(ONE)
            .bind(digest.to_string())
            .fetch_optional(self.database.reader()?)
            .await
            .map_err(failed("read a release"))?;
        match found {
            Some(row) => decode(&row),
            None => Err(Error::not_found(format!("there is no release {}", digest.short()))),
        }
    }

    /// The latest releases, newest first.
    pub async fn recent(&self, limit: u32) -> Result<Vec<Release>> {
        let rows = sqlx::query(RECENT)
            .bind(i64::from(limit))
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("list releases"))?;
        rows.iter().map(decode).collect()
    }

    /// The bytes of one file, which are what its digest says.
    pub async fn read(&self, file: &ReleaseFile) -> Result<Vec<u8>> {
        self.assets.get(&file.digest).await.map_err(|error| error.context(&file.path))
    }

    /// All files of a release with their bytes, by path: as they were built, on any day and machine.
    pub async fn files(&self, release: &Release) -> Result<BTreeMap<String, Vec<u8>>> {
        let mut files = BTreeMap::new();
        for file in &release.files {
            files.insert(file.path.clone(), self.read(file).await?);
        }
        Ok(files)
    }

    async fn insert(&self, release: &Release) -> Result<u64> {
        let query = sqlx::query(INSERT)
            .bind(release.id.to_string())
            .bind(release.commit.to_string())
            .bind(release.definition.to_string())
            .bind(to_json(&release.files)?)
            .bind(micros(release.built_at));
        self.database.change("keep a release", query).await
    }
}

impl fmt::Debug for ReleaseStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReleaseStore").field("database", &self.database).finish_non_exhaustive()
    }
}

fn decode(row: &AnyRow) -> Result<Release> {
    let release = Release {
        id: parsed(("id", columns::text(row, "id")?))?,
        commit: parsed(("commit_id", columns::text(row, "commit_id")?))?,
        files: from_json("files", &columns::text(row, "files")?)?,
        definition: parsed(("definition", columns::text(row, "definition")?))?,
        built_at: from_micros(columns::integer(row, "built_at")?)?,
    };
    if id(&release.files) != release.id {
        return Err(Error::internal(format!(
            "the files of release {} are not those that it was built of: restore the database",
            release.id.short()
        )));
    }
    Ok(release)
}

#[cfg(test)]
mod tests;
