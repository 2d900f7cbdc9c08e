//! The files of a commit, within bounds.

use std::sync::Arc;

use domain::{Error, Result};
use infra::lake_repository::{Entry, EntryKind, MAX_FILES, check_path};
use serde::Deserialize;

use crate::client::Client;

/// How deep folders may lie in each other.
const MAX_DEPTH: usize = 32;
/// The tree without files, which every repository has.
pub(super) const EMPTY: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
/// Modes, as Git writes them.
const LINK: &str = "120000";
pub(super) const EXECUTABLE: &str = "100755";

/// One path of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) entry: Entry,
    pub(super) executable: bool,
}

/// All paths of a tree, sorted.
pub(super) type Listing = Arc<[Listed]>;

#[derive(Deserialize)]
struct Tree {
    tree: Vec<Item>,
    truncated: bool,
}

#[derive(Deserialize)]
struct Item {
    path: String,
    mode: String,
    #[serde(rename = "type")]
    kind: String,
    sha: String,
    size: Option<u64>,
}

/// Reads a whole tree. GitHub cuts long answers off and says so: then it is read folder by folder.
pub(super) async fn read(client: &Client, tree: &str) -> Result<Listing> {
    let mut listed = Vec::new();
    if tree != EMPTY {
        let mut folders = vec![(String::new(), tree.to_owned())];
        while let Some((folder, tree)) = folders.pop() {
            let whole = fetch(client, &tree, true).await?;
            if !whole.truncated {
                collect(&folder, whole.tree, &mut listed, None)?;
                continue;
            }
            let flat = fetch(client, &tree, false).await?;
            if flat.truncated {
                return Err(too_many());
            }
            collect(&folder, flat.tree, &mut listed, Some(&mut folders))?;
        }
    }
    listed.sort_by(|one, other| one.entry.path.cmp(&other.entry.path));
    Ok(listed.into())
}

async fn fetch(client: &Client, tree: &str, recursive: bool) -> Result<Tree> {
    let query = if recursive { "?recursive=1" } else { "" };
    client.get(&format!("git/trees/{tree}{query}"), "list the files of the lake repository").await
}

/// Takes in the entries below a folder; folders among them too when they are asked for.
fn collect(
    folder: &str,
    items: Vec<Item>,
    listed: &mut Vec<Listed>,
    mut folders: Option<&mut Vec<(String, String)>>,
) -> Result<()> {
    for item in items {
        let path = match folder {
            "" => item.path,
            folder => format!("{folder}/{}", item.path),
        };
        check(&path)?;
        let kind = match item.kind.as_str() {
            "tree" => {
                if let Some(folders) = &mut folders {
                    folders.push((path, item.sha));
                }
                continue;
            }
            "commit" => EntryKind::Submodule,
            _ if item.mode == LINK => EntryKind::Link,
            _ => EntryKind::File { bytes: item.size.unwrap_or_default() },
        };
        let executable = item.mode == EXECUTABLE;
        listed.push(Listed { entry: Entry { path, kind, object: item.sha }, executable });
        if listed.len() > MAX_FILES {
            return Err(too_many());
        }
    }
    Ok(())
}

fn check(path: &str) -> Result<()> {
    if path.matches('/').count() > MAX_DEPTH {
        return Err(Error::invalid(format!("{path:?} lies deeper than {MAX_DEPTH} folders")));
    }
    if path.contains('\u{fffd}') {
        return Err(Error::invalid(format!(
            "file {path:?} has a name that is no UTF-8: rename it"
        )));
    }
    check_path(path)
}

fn too_many() -> Error {
    Error::invalid(format!("the commit has more than {MAX_FILES} files"))
}
