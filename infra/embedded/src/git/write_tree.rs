//! Making the tree of a commit from an earlier one and changes.

use std::collections::BTreeMap;

use domain::{Error, Result};
use git2::{FileMode, ObjectType, Oid, Repository, Tree};
use infra::lake_repository::{FileChange, MAX_FILE_BYTES, MAX_FILES, check_path};

use super::error::failed;

/// What becomes of a name in a folder.
enum Node<'a> {
    Folder(BTreeMap<&'a str, Node<'a>>),
    Write(&'a [u8]),
    Remove,
}

/// The tree after changes.
pub(super) fn changed<'r>(
    repository: &'r Repository,
    base: Option<Tree<'r>>,
    changes: &[FileChange],
) -> Result<Tree<'r>> {
    if changes.len() > MAX_FILES {
        return Err(Error::invalid(format!("more than {MAX_FILES} files would change at once")));
    }
    let mut root = BTreeMap::new();
    for change in changes {
        plant(&mut root, change)?;
    }
    let tree = match write(repository, base.as_ref(), &root, "")? {
        Some(tree) => tree,
        None => repository
            .treebuilder(None)
            .and_then(|empty| empty.write())
            .map_err(failed("change"))?,
    };
    repository.find_tree(tree).map_err(failed("change"))
}

fn plant<'a>(root: &mut BTreeMap<&'a str, Node<'a>>, change: &'a FileChange) -> Result<()> {
    let path = change.path();
    check_path(path)?;
    let node = match change {
        FileChange::Write { bytes, .. } if bytes.len() as u64 > MAX_FILE_BYTES => {
            return Err(Error::invalid(format!("{path} has more than {MAX_FILE_BYTES} bytes")));
        }
        FileChange::Write { bytes, .. } => Node::Write(bytes),
        FileChange::Remove { .. } => Node::Remove,
    };
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut folder = root;
    for part in folders.split('/').filter(|part| !part.is_empty()) {
        let below = folder.entry(part).or_insert_with(|| Node::Folder(BTreeMap::new()));
        let Node::Folder(below) = below else { return Err(twice(path)) };
        folder = below;
    }
    match folder.insert(name, node) {
        None => Ok(()),
        Some(_) => Err(twice(path)),
    }
}

fn twice(path: &str) -> Error {
    Error::invalid(format!("{path} would change twice at once, or be both a file and a folder"))
}

/// Writes a folder; `None` when nothing is left in it.
fn write(
    repository: &Repository,
    base: Option<&Tree<'_>>,
    nodes: &BTreeMap<&str, Node<'_>>,
    folder: &str,
) -> Result<Option<Oid>> {
    let mut builder = repository.treebuilder(base).map_err(failed("change"))?;
    for (name, node) in nodes {
        let path = format!("{folder}{name}");
        let old = base.and_then(|base| base.get_name(name));
        let old_kind = old.as_ref().and_then(git2::TreeEntry::kind);
        let (object, mode) = match node {
            Node::Write(_) | Node::Remove if old_kind == Some(ObjectType::Tree) => {
                return Err(Error::invalid(format!("{path} is a folder: change the files in it")));
            }
            Node::Write(bytes) => {
                let object = repository.blob(bytes).map_err(failed("change"))?;
                let executable = old.is_some_and(|old| old.filemode() == 0o100_755);
                let mode = if executable { FileMode::BlobExecutable } else { FileMode::Blob };
                (Some(object), mode)
            }
            Node::Remove => (None, FileMode::Blob),
            Node::Folder(_) if old.is_some() && old_kind != Some(ObjectType::Tree) => {
                return Err(Error::invalid(format!("{path} is a file: no other can lie below it")));
            }
            Node::Folder(below) => {
                let tree = old.map(|old| repository.find_tree(old.id())).transpose();
                let tree = tree.map_err(failed("change"))?;
                let written = write(repository, tree.as_ref(), below, &format!("{path}/"))?;
                (written, FileMode::Tree)
            }
        };
        match object {
            Some(object) => {
                builder.insert(name, object, mode.into()).map_err(failed("change"))?;
            }
            None if old_kind.is_some() => builder.remove(name).map_err(failed("change"))?,
            None => {}
        }
    }
    match builder.is_empty() {
        true => Ok(None),
        false => builder.write().map(Some).map_err(failed("change")),
    }
}
