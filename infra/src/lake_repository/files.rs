//! The files of a lake, wherever they lie: at a commit, in a working folder, in a release.

use std::collections::BTreeMap;

use domain::Result;
use domain::branch::CommitId;

use super::{EntryKind, LAKE_FILE, LakeRepository, MAX_FILE_BYTES, Problem, check_path};

/// The folders of a lake repository that mean something to Sluice.
pub const FOLDERS: [&str; 4] = ["quality", "sources", "stacks", "transformations"];

/// Whether a path of the repository belongs to the lake: `sluice.toml` and what lies in [`FOLDERS`],
/// but for hidden files and read-me files. The rest is the team's own.
pub fn belongs(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let for_people = name.starts_with('.') || name.to_ascii_lowercase().starts_with("readme");
    let below = path.split_once('/').is_some_and(|(first, _)| FOLDERS.contains(&first));
    path == LAKE_FILE || (below && !for_people)
}

/// The files of a lake by path, and what could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LakeFiles {
    files: BTreeMap<String, Vec<u8>>,
    problems: Vec<Problem>,
}

impl LakeFiles {
    /// Reads what belongs to the lake at a commit.
    pub async fn at(repository: &dyn LakeRepository, commit: &CommitId) -> Result<Self> {
        let mut files = Self::default();
        let mut paths = Vec::new();
        for entry in repository.files(commit).await? {
            match entry.kind {
                EntryKind::File { bytes } if bytes <= MAX_FILE_BYTES => {
                    paths.extend(Some(entry.path).filter(|path| belongs(path)));
                }
                EntryKind::File { .. } => files.refuse_large(&entry.path),
                EntryKind::Link => files.refuse_link(&entry.path),
                EntryKind::Submodule => files.refuse(&entry.path, "submodules are not fetched"),
            }
        }
        let contents = repository.read(commit, &paths).await?;
        files.files.extend(paths.into_iter().zip(contents));
        Ok(files)
    }

    /// Adds a file, if it belongs to the lake.
    pub fn add(&mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        let (path, bytes) = (path.into(), bytes.into());
        if !belongs(&path) {
            return;
        }
        match check_path(&path) {
            Err(error) => self.refuse(&path, error.message()),
            Ok(()) if bytes.len() as u64 > MAX_FILE_BYTES => self.refuse_large(&path),
            Ok(()) => drop(self.files.insert(path, bytes)),
        }
    }

    /// Notes a symbolic link.
    pub fn refuse_link(&mut self, path: &str) {
        self.refuse(path, "symbolic links are not followed: put the file itself here");
    }

    /// Notes a file that is larger than [`MAX_FILE_BYTES`].
    pub fn refuse_large(&mut self, path: &str) {
        self.refuse(path, &format!("the file has more than {MAX_FILE_BYTES} bytes"));
    }

    /// Notes what cannot be read, if it stands where the lake's files stand.
    fn refuse(&mut self, path: &str, why: &str) {
        if belongs(path) || FOLDERS.contains(&path) {
            self.problems.push(Problem::of_file(path, why));
        }
    }

    /// All files by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// The bytes of a file.
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// What could not be read.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl<P: Into<String>, B: Into<Vec<u8>>> FromIterator<(P, B)> for LakeFiles {
    fn from_iter<I: IntoIterator<Item = (P, B)>>(files: I) -> Self {
        let mut made = Self::default();
        files.into_iter().for_each(|(path, bytes)| made.add(path, bytes));
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_means_something_belongs_to_the_lake() {
        for path in ["sluice.toml", "sources/a/b.toml", "stacks/x.yaml", "quality/d/t.toml"] {
            assert!(belongs(path), "{path} was left out");
        }
        let own =
            ["README.md", "sources/README.md", "sources/a/.gitkeep", "sources", "src/sluice.toml"];
        for path in own.into_iter().chain([".github/workflows/lake.yml", "docs/sources/a.toml"]) {
            assert!(!belongs(path), "{path} was taken in");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let large = vec![b'x'; usize::try_from(MAX_FILE_BYTES).unwrap() + 1];
        let mut files: LakeFiles =
            [("sources/a/b.toml", large), ("README.md", vec![1])].into_iter().collect();
        files.refuse_link("stacks");
        files.refuse_link("docs/x");
        let told: Vec<_> = files.problems().iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(told, ["sources/a/b.toml", "stacks"]);
        assert_eq!(files.iter().count(), 0);
    }
}
