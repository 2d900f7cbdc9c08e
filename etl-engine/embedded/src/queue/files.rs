//! The files of a raw zone as arrivals.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path};

use domain::arrival::{Arrival, ObjectVersion, Sequencer, is_data_key};
use domain::{Error, ErrorKind, Result};
use jiff::Timestamp;

use super::BUCKET;
use crate::store::e_tag;

/// The arrival that a data file stands for now; `None` when there is no such regular file.
pub(super) fn arrival(root: &Path, key: &str) -> Option<Arrival> {
    let metadata = root.join(key).symlink_metadata().ok()?;
    metadata.is_file().then(|| arrival_of(key, &metadata))
}

/// The arrival that a file stands for that already lies in the raw zone, at whatever path it is
/// named by; `None` for files elsewhere and for what is no data.
pub fn landed(raw_folder: &Path, file: &Path) -> Option<Arrival> {
    let (root, file) = (raw_folder.canonicalize().ok()?, file.canonicalize().ok()?);
    arrival(&root, &data_key(&root, &file)?)
}

/// All data files of the zone below a folder, links not followed.
pub(super) fn arrivals_below(root: &Path, folder: &Path) -> Result<Vec<Arrival>> {
    let mut arrivals = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if folder == root => return Err(failed(root, error)),
            Err(error) => {
                // One folder that vanished, or that may not be read, hides no other.
                tracing::warn!(folder = ?folder, %error, "folder left out of the sweep");
                continue;
            }
        };
        for entry in entries.flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                folders.push(entry.path());
            } else if let Some(key) = data_key(root, &entry.path()).filter(|_| metadata.is_file()) {
                arrivals.push(arrival_of(&key, &metadata));
            }
        }
    }
    Ok(arrivals)
}

/// The key of a path below the root, if it may be data. Nothing in hidden folders is.
pub(super) fn data_key(root: &Path, path: &Path) -> Option<String> {
    let mut parts = Vec::new();
    for component in path.strip_prefix(root).ok()?.components() {
        let Component::Normal(part) = component else { return None };
        let Some(part) = part.to_str() else {
            tracing::warn!(path = ?path, "file left alone: its name is not UTF-8");
            return None;
        };
        parts.push(part);
    }
    let hidden = parts.iter().any(|part| part.starts_with('.'));
    let key = parts.join("/");
    (!hidden && is_data_key(&key)).then_some(key)
}

/// A folder that cannot be read.
pub(super) fn failed(folder: &Path, error: io::Error) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!("raw zone {} cannot be read: {error}; check that it exists", folder.display()),
    )
    .with_source(error)
}

fn arrival_of(key: &str, metadata: &Metadata) -> Arrival {
    // Not the time of modification: a file that was moved or copied here may be years old.
    let nanoseconds = i32::try_from(metadata.ctime_nsec()).unwrap_or_default();
    let landed_at =
        Timestamp::new(metadata.ctime(), nanoseconds).unwrap_or_else(|_| Timestamp::now());
    Arrival {
        bucket: BUCKET.to_owned(),
        key: key.to_owned(),
        version: ObjectVersion::ETag(e_tag(metadata)),
        sequencer: Sequencer::at(landed_at),
        size: metadata.len(),
        landed_at,
    }
}
