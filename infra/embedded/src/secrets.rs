//! Secrets in files that their owner alone can read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use domain::{Error, ErrorKind, Result};
use infra::secrets::{SecretDescription, SecretName, SecretStore, SecretValue, Stage};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Held while a secret is changed, by one process at a time.
const LOCK: &str = "lock";

/// The [`SecretStore`] of one environment: a folder of mode 0700 with one file of mode 0600 for each
/// secret, named by the digest of its name.
#[derive(Debug, Clone)]
pub struct FileSecretStore {
    folder: PathBuf,
}

/// A file. It has no `Debug`, so that it cannot be printed by accident.
#[derive(Serialize, Deserialize)]
struct Kept {
    name: SecretName,
    version: u64,
    updated_at: Timestamp,
    current: String,
    previous: Option<String>,
}

impl FileSecretStore {
    /// The store in `folder`, which is made when it is not there. Denied when others can look into
    /// it, Unavailable when it cannot be made.
    pub fn open(folder: &Path) -> Result<Self> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| unavailable("make the folder of secrets", folder, error))?;
        check_owner_alone(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    fn path(&self, name: &SecretName) -> PathBuf {
        let digest = Sha256::digest(name.as_str().as_bytes());
        let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(format!("{digits}.json"))
    }

    fn load(&self, path: &Path) -> Result<Option<Kept>> {
        let mut file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(|error| unavailable("open", path, error))?,
        };
        check_owner_alone(path)?;
        let mut text = String::new();
        let read = file.read_to_string(&mut text);
        read.map_err(|error| unavailable("read", path, error))?;
        // The cause is left out: it could repeat a part of the value.
        serde_json::from_str(&text).map(Some).map_err(|_| {
            Error::internal(format!(
                "the secret in {} cannot be read: was it changed by hand? Put it again",
                path.display()
            ))
        })
    }

    /// Changes a secret while no other process does.
    fn change<T>(&self, act: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        let path = self.folder.join(LOCK);
        let options =
            OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let lock = options.map_err(|error| unavailable("open", &path, error))?;
        lock.lock().map_err(|error| unavailable("lock", &path, error))?;
        act(self)
    }

    /// Replaces a file as a whole, on disk before this returns.
    fn save(&self, kept: &Kept) -> Result<()> {
        let path = self.path(&kept.name);
        let staged = path.with_extension("staged");
        let text = serde_json::to_vec(kept)
            .map_err(|_| Error::internal("a secret cannot be written as JSON"))?;
        let written = write_synced(&staged, &text)
            .and_then(|()| fs::rename(&staged, &path))
            .and_then(|()| File::open(&self.folder)?.sync_all());
        written.map_err(|error| unavailable("write", &path, error))
    }

    fn put_now(&self, name: &SecretName, value: &SecretValue) -> Result<SecretDescription> {
        let before = self.load(&self.path(name))?;
        let kept = Kept {
            name: name.clone(),
            version: before.as_ref().map_or(1, |before| before.version + 1),
            updated_at: Timestamp::now(),
            current: value.expose().to_owned(),
            previous: before.map(|before| before.current),
        };
        self.save(&kept)?;
        Ok(kept.describe())
    }

    fn retire_now(&self, name: &SecretName) -> Result<()> {
        let kept = self.load(&self.path(name))?.ok_or_else(|| missing(name))?;
        match kept.previous {
            Some(_) => self.save(&Kept { previous: None, ..kept }),
            None => Ok(()),
        }
    }

    fn delete_now(&self, name: &SecretName) -> Result<()> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed
                .and_then(|()| File::open(&self.folder)?.sync_all())
                .map_err(|error| unavailable("delete", &path, error)),
        }
    }

    fn list_now(&self) -> Result<Vec<SecretDescription>> {
        let entries = fs::read_dir(&self.folder)
            .map_err(|error| unavailable("list secrets in", &self.folder, error))?;
        let mut found = Vec::new();
        for entry in entries {
            let path =
                entry.map_err(|error| unavailable("list secrets in", &self.folder, error))?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                found.extend(self.load(&path)?.map(|kept| kept.describe()));
            }
        }
        found.sort_by(|one: &SecretDescription, other| one.name.cmp(&other.name));
        Ok(found)
    }

    /// Runs work on files away from the threads that answer requests.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&store)).await;
        done.map_err(|_| Error::internal("work on secrets was broken off: repeat it"))?
    }
}

#[async_trait]
impl SecretStore for FileSecretStore {
    async fn put(&self, name: &SecretName, value: SecretValue) -> Result<SecretDescription> {
        let name = name.clone();
        self.blocking(move |store| store.change(|store| store.put_now(&name, &value))).await
    }

    async fn describe(&self, name: &SecretName) -> Result<Option<SecretDescription>> {
        let path = self.path(name);
        self.blocking(move |store| Ok(store.load(&path)?.map(|kept| kept.describe()))).await
    }

    async fn list(&self) -> Result<Vec<SecretDescription>> {
        self.blocking(Self::list_now).await
    }

    async fn read(&self, name: &SecretName, stage: Stage) -> Result<SecretValue> {
        let name = name.clone();
        self.blocking(move |store| {
            let kept = store.load(&store.path(&name))?.ok_or_else(|| missing(&name))?;
            let value = match stage {
                Stage::Current => Some(kept.current),
                Stage::Previous => kept.previous,
            };
            let none = || Error::not_found(format!("secret {name} has no value before this one"));
            SecretValue::new(value.ok_or_else(none)?)
        })
        .await
    }

    async fn retire_previous(&self, name: &SecretName) -> Result<()> {
        let name = name.clone();
        self.blocking(move |store| store.change(|store| store.retire_now(&name))).await
    }

    async fn delete(&self, name: &SecretName) -> Result<()> {
        let name = name.clone();
        self.blocking(move |store| store.change(|store| store.delete_now(&name))).await
    }
}

impl Kept {
    fn describe(&self) -> SecretDescription {
        SecretDescription {
            name: self.name.clone(),
            version: self.version,
            has_previous: self.previous.is_some(),
            updated_at: self.updated_at,
        }
    }
}

/// The mode is given when the file is made, so that it is never open to others, not even for a moment.
fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Denied when group or others may do anything with what is at `path`.
fn check_owner_alone(path: &Path) -> Result<()> {
    let found = fs::metadata(path).map_err(|error| unavailable("look at", path, error))?;
    if found.mode() & 0o077 == 0 {
        return Ok(());
    }
    let message = format!(
        "{} can be used by others than its owner, so what is in it may be known: run `chmod go= {}` \
         and rotate its secrets",
        path.display(),
        path.display()
    );
    Err(Error::new(ErrorKind::Denied, message))
}

fn missing(name: &SecretName) -> Error {
    Error::not_found(format!("there is no secret {name}: put it with `sluice secrets`"))
}

fn unavailable(doing: &str, path: &Path, error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied => ErrorKind::Denied,
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, format!("cannot {doing} {}: {error}", path.display())).with_source(error)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn modes(folder: &Path) -> Vec<u32> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().metadata().unwrap().mode() & 0o777).collect()
    }

    #[tokio::test]
    async fn d13_files_are_their_owners_alone_and_others_are_refused() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("secrets");
        let store = FileSecretStore::open(&folder).unwrap();
        let name: SecretName = "a".parse().unwrap();
        for value in ["one", "two"] {
            store.put(&name, SecretValue::new(value).unwrap()).await.unwrap();
        }
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
        assert_eq!(modes(&folder), [0o600, 0o600], "the secret and the lock");
        fs::set_permissions(store.path(&name), Permissions::from_mode(0o644)).unwrap();
        let error = store.read(&name, Stage::Current).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    }

    #[tokio::test]
    async fn d13_a_damaged_file_is_told_of_without_its_text() {
        let data = tempfile::tempdir().unwrap();
        let store = FileSecretStore::open(&data.path().join("secrets")).unwrap();
        let name: SecretName = "a".parse().unwrap();
        write_synced(&store.path(&name), br#"{"name": "a", "current": hunter2}"#).unwrap();
        let error = store.read(&name, Stage::Current).await.unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}
