//! Reading the files of a commit, within bounds.

use std::path::Path;

use domain::{Error, Result};
use git2::{ObjectType, Repository, Tree};
use infra::lake_repository::{
    Entry, EntryKind, MAX_FILE_BYTES, MAX_FILES, MAX_READ_BYTES, check_path,
};

use super::error::{failed, not_there};

/// How deep folders may lie in each other.
const MAX_DEPTH: usize = 32;

/// The mode of a symbolic link.
const LINK: i32 = 0o120_000;

/// All paths of a commit, sorted.
pub(super) fn entries(repository: &Repository, commit: &git2::Commit<'_>) -> Result<Vec<Entry>> {
    let tree = commit.tree().map_err(failed("read"))?;
    let mut entries = Vec::new();
    collect(repository, &tree, "", 0, &mut entries)?;
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(entries)
}

fn collect(
    repository: &Repository,
    tree: &Tree<'_>,
    folder: &str,
    depth: usize,
    entries: &mut Vec<Entry>,
) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(Error::invalid(format!(
            "folder {folder:?} lies deeper than {MAX_DEPTH} folders"
        )));
    }
    for entry in tree {
        let name = entry.name().ok_or_else(|| {
            let shown = String::from_utf8_lossy(entry.name_bytes()).into_owned();
            Error::invalid(format!(
                "a file in {folder:?} is called {shown:?}: names have to be UTF-8"
            ))
        })?;
        let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        check_path(&path)?;
        let kind = match entry.kind() {
            Some(ObjectType::Tree) => {
                let below = repository.find_tree(entry.id()).map_err(failed("read"))?;
                collect(repository, &below, &path, depth + 1, entries)?;
                continue;
            }
            Some(ObjectType::Commit) => EntryKind::Submodule,
            _ if entry.filemode() == LINK => EntryKind::Link,
            _ => EntryKind::File { bytes: length(repository, entry.id())? },
        };
        entries.push(Entry { path, kind, object: entry.id().to_string() });
        if entries.len() > MAX_FILES {
            return Err(Error::invalid(format!("the commit has more than {MAX_FILES} files")));
        }
    }
    Ok(())
}

fn length(repository: &Repository, object: git2::Oid) -> Result<u64> {
    let database = repository.odb().map_err(failed("read"))?;
    let (length, _) = database.read_header(object).map_err(failed("read"))?;
    Ok(length as u64)
}

/// The bytes of files, in the order asked for.
pub(super) fn read(
    repository: &Repository,
    commit: &git2::Commit<'_>,
    paths: &[String],
) -> Result<Vec<Vec<u8>>> {
    let tree = commit.tree().map_err(failed("read"))?;
    let mut left = MAX_READ_BYTES;
    let mut files = Vec::new();
    for path in paths {
        let bytes = read_one(repository, &tree, path, commit)?;
        left = left.checked_sub(bytes.len() as u64).ok_or_else(|| {
            Error::invalid(format!("the files have more than {MAX_READ_BYTES} bytes together"))
        })?;
        files.push(bytes);
    }
    Ok(files)
}

fn read_one(
    repository: &Repository,
    tree: &Tree<'_>,
    path: &str,
    commit: &git2::Commit<'_>,
) -> Result<Vec<u8>> {
    check_path(path)?;
    let missing = || not_there(&format!("file {path} of commit {}", commit.id()));
    let entry = tree.get_path(Path::new(path)).map_err(|_| missing())?;
    match entry.kind() {
        Some(ObjectType::Blob) if entry.filemode() != LINK => {}
        Some(ObjectType::Blob) => {
            return Err(Error::invalid(format!(
                "{path} is a symbolic link: those are not followed"
            )));
        }
        _ => return Err(missing()),
    }
    if length(repository, entry.id())? > MAX_FILE_BYTES {
        return Err(Error::invalid(format!("{path} has more than {MAX_FILE_BYTES} bytes")));
    }
    let blob = repository.find_blob(entry.id()).map_err(failed("read"))?;
    Ok(blob.content().to_vec())
}
