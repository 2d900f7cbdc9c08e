//! Making the tree of a commit from an earlier one and changes.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{Error, Result};
use infra::lake_repository::{FileChange, MAX_FILE_BYTES, MAX_FILES, check_path};
use serde_json::{Value, json};

use super::GitHubLakeRepository;
use super::history::Known;
use super::tree::{EMPTY, EXECUTABLE, Listed};

/// Texts up to this length go with the tree; longer ones and other bytes are sent one by one before.
const SHORT: usize = 64 * 1024;
/// Bytes of texts that go with one tree.
const MOST_WITH_TREE: usize = 4 * 1024 * 1024;
const PLAIN: &str = "100644";

impl GitHubLakeRepository {
    /// The tree after changes.
    pub(super) async fn changed_tree(
        &self,
        parent: Option<&Known>,
        changes: &[FileChange],
    ) -> Result<String> {
        let listing = match parent {
            Some(parent) => self.listing(&parent.tree).await?,
            None => [].into(),
        };
        let planned = planned(&listing, changes)?;
        let base = parent.map_or(EMPTY, |parent| parent.tree.as_str());
        if planned.is_empty() {
            return Ok(base.to_owned());
        }
        if leaves_nothing(&listing, &planned) {
            return Ok(EMPTY.to_owned());
        }
        let mut entries = Vec::with_capacity(planned.len());
        let mut left = MOST_WITH_TREE;
        for change in &planned {
            entries.push(self.entry(change, &mut left).await?);
        }
        let mut body = json!({ "tree": entries });
        if base != EMPTY {
            body["base_tree"] = base.into();
        }
        self.make("git/trees", &body, "write the changed files").await
    }

    async fn entry(&self, change: &Planned<'_>, left: &mut usize) -> Result<Value> {
        let Planned { path, mode, bytes } = change;
        let entry = |key: &str, value: Value| json!({ "path": path, "mode": mode, "type": "blob", key: value });
        let Some(bytes) = bytes else { return Ok(entry("sha", Value::Null)) };
        match as_text(bytes) {
            Some(text) if text.len() <= SHORT.min(*left) => {
                *left -= text.len();
                Ok(entry("content", text.into()))
            }
            _ => {
                let body = json!({ "content": STANDARD.encode(bytes), "encoding": "base64" });
                let doing = format!("write file {path}");
                Ok(entry("sha", self.make("git/blobs", &body, &doing).await?.into()))
            }
        }
    }
}

/// Bytes that are certain to come back as they are when they are sent as text.
fn as_text(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let plain = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\t');
    (!text.is_empty() && text.chars().all(plain)).then_some(text)
}

/// A change that changes something.
#[derive(Debug, PartialEq, Eq)]
struct Planned<'a> {
    path: &'a str,
    mode: &'static str,
    /// `None`: it goes.
    bytes: Option<&'a [u8]>,
}

/// Checks changes against each other and against what is there. Invalid when a path is refused, changes
/// twice, or would be both a file and a folder.
fn planned<'a>(listing: &[Listed], changes: &'a [FileChange]) -> Result<Vec<Planned<'a>>> {
    if changes.len() > MAX_FILES {
        return Err(Error::invalid(format!("more than {MAX_FILES} files would change at once")));
    }
    let there: BTreeMap<&str, &Listed> =
        listing.iter().map(|listed| (listed.entry.path.as_str(), listed)).collect();
    let folders: BTreeSet<&str> = there.keys().flat_map(|path| above(path)).collect();
    let mut paths = BTreeSet::new();
    for change in changes {
        check_path(change.path())?;
        if !paths.insert(change.path()) {
            return Err(twice(change.path()));
        }
    }
    let mut planned = Vec::with_capacity(changes.len());
    for change in changes {
        let path = change.path();
        if above(path).any(|folder| paths.contains(folder)) {
            return Err(twice(path));
        }
        if folders.contains(path) {
            return Err(Error::invalid(format!("{path} is a folder: change the files in it")));
        }
        if let Some(file) = above(path).find(|folder| there.contains_key(folder)) {
            return Err(Error::invalid(format!("{file} is a file: no other can lie below it")));
        }
        planned.extend(one(change, there.get(path).copied())?);
    }
    Ok(planned)
}

/// What is to be said of one change; nothing when what is to go is not there.
fn one<'a>(change: &'a FileChange, old: Option<&Listed>) -> Result<Option<Planned<'a>>> {
    let path = change.path();
    let mode = if old.is_some_and(|old| old.executable) { EXECUTABLE } else { PLAIN };
    match change {
        FileChange::Write { bytes, .. } if bytes.len() as u64 > MAX_FILE_BYTES => {
            Err(Error::invalid(format!("{path} has more than {MAX_FILE_BYTES} bytes")))
        }
        FileChange::Write { bytes, .. } => Ok(Some(Planned { path, mode, bytes: Some(bytes) })),
        FileChange::Remove { .. } => Ok(old.map(|_| Planned { path, mode, bytes: None })),
    }
}

fn twice(path: &str) -> Error {
    Error::invalid(format!("{path} would change twice at once, or be both a file and a folder"))
}

/// All folders above a path.
fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

fn leaves_nothing(listing: &[Listed], planned: &[Planned<'_>]) -> bool {
    let gone = planned.iter().filter(|change| change.bytes.is_none()).count();
    gone == planned.len() && gone == listing.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_that_survives_goes_as_text() {
        assert_eq!(as_text("ü\n\tx".as_bytes()), Some("ü\n\tx"));
        for other in [&b"a\r\n"[..], b"\0", b"\xff", b""] {
            assert_eq!(as_text(other), None, "{other:?}");
        }
    }

    #[test]
    fn the_folders_above_a_path_are_all_of_them() {
        assert_eq!(above("a/b/c").collect::<Vec<_>>(), ["a", "a/b"]);
        assert_eq!(above("a").count(), 0);
    }
}
