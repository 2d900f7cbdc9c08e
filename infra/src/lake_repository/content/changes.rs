//! What differs between two contents: two commits, or what runs in two environments.

use std::collections::{BTreeMap, BTreeSet};

use domain::dataset::DatasetId;
use domain::plan::TextChange;

use super::Content;

/// What differs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContentChanges {
    /// Sources, by dataset, as TOML in one form: comments and order make no difference.
    pub sources: Vec<TextChange>,
    /// Transformations, by dataset: every byte makes a difference.
    pub transformations: Vec<TextChange>,
    /// All other files, by path: `sluice.toml`, stacks, quality rules, tests.
    pub files: Vec<FileChanged>,
}

impl ContentChanges {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty() && self.transformations.is_empty() && self.files.is_empty()
    }
}

/// A file that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChanged {
    /// From the root.
    pub path: String,
    /// The text before; `None`: the file is new.
    pub before: Option<String>,
    /// The text after; `None`: the file goes.
    pub after: Option<String>,
}

/// What differs from `base`; against no base, everything is new. The versions of changes are left
/// open: they belong to an environment.
pub fn changes(base: Option<&Content>, new: &Content) -> ContentChanges {
    let sources = |content: &Content| -> BTreeMap<DatasetId, String> {
        content.sources.iter().map(|(dataset, file)| (dataset.clone(), file.text())).collect()
    };
    let transformations = |content: &Content| -> BTreeMap<DatasetId, String> {
        let files = content.transformations.iter();
        files.map(|(dataset, file)| (dataset.clone(), file.sql.clone())).collect()
    };
    let change = |(dataset, before, after)| TextChange { dataset, version: None, before, after };
    let compare = |of: &dyn Fn(&Content) -> BTreeMap<DatasetId, String>| {
        let old = base.map(of).unwrap_or_default();
        differing(&old, &of(new)).into_iter().map(change).collect()
    };
    let old = base.map(other_files).unwrap_or_default();
    let files = differing(&old, &other_files(new)).into_iter();
    ContentChanges {
        sources: compare(&sources),
        transformations: compare(&transformations),
        files: files.map(|(path, before, after)| FileChanged { path, before, after }).collect(),
    }
}

fn other_files(content: &Content) -> BTreeMap<String, String> {
    let own = content.sources.values().map(|file| &file.path);
    let own: BTreeSet<_> =
        own.chain(content.transformations.values().map(|file| &file.path)).collect();
    let others = content.files.iter().filter(|(path, _)| !own.contains(&(*path).to_owned()));
    others
        .map(|(path, bytes)| (path.to_owned(), String::from_utf8_lossy(bytes).into_owned()))
        .collect()
}

/// Keys whose values differ, with both.
fn differing<K: Ord + Clone>(
    old: &BTreeMap<K, String>,
    new: &BTreeMap<K, String>,
) -> Vec<(K, Option<String>, Option<String>)> {
    let keys: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let pairs =
        keys.into_iter().map(|key| (key.clone(), old.get(key).cloned(), new.get(key).cloned()));
    pairs.filter(|(_, old, new)| old != new).collect()
}
