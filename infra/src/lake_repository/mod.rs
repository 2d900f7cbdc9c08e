//! The lake repository: `sluice.toml`, `sources/`, `transformations/` and `stacks/`, under Git.
//!
//! Architecture invariant: a branch only ever moves from a commit that the caller has seen
//! (compare-and-swap), and never backwards: a restored tree is a new commit, so that nobody's history
//! is rewritten.

mod content;
mod files;
pub mod init;
mod lake_file;
mod parameter;
mod paths;
mod problem;
pub mod schemas;
mod toml_text;

use std::fmt::Debug;

use async_trait::async_trait;
use domain::Result;
use domain::branch::{Author, BranchName, Commit, CommitId};

pub use content::{
    Content, ContentChanges, FileChanged, FixtureTest, QualityFile, SourceFile, StackFile,
    TransformationFile, changes,
};
pub use files::{FOLDERS, LakeFiles, belongs};
pub use lake_file::{
    CatalogNames, Environment, LAKE_FILE, LakeFile, Naming, PipelineDefinition, Tags, VpcCidr,
};
pub use paths::{MAX_FILE_BYTES, MAX_FILES, MAX_READ_BYTES, check_path};
pub use problem::Problem;

/// What stands at a path of a commit's tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A file, with its length in bytes.
    File {
        /// Its length in bytes.
        bytes: u64,
    },
    /// A symbolic link: never followed.
    Link,
    /// Another repository at one commit: never fetched.
    Submodule,
}

/// One path of a commit's tree. Folders have none of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// From the root, with `/`.
    pub path: String,
    /// What stands there.
    pub kind: EntryKind,
    /// Git's own id of the content: equal ids, equal bytes.
    pub object: String,
}

/// A change of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileChange {
    /// The file is made or replaced.
    Write {
        /// From the root, with `/`.
        path: String,
        /// All its bytes.
        bytes: Vec<u8>,
    },
    /// The file goes; that it is not there is no error.
    Remove {
        /// From the root, with `/`.
        path: String,
    },
}

impl FileChange {
    /// The path that changes.
    pub fn path(&self) -> &str {
        match self {
            Self::Write { path, .. } | Self::Remove { path } => path,
        }
    }
}

/// The lake repository. Commits and files are bounded ([`MAX_FILES`], [`MAX_FILE_BYTES`]).
///
/// Errors: NotFound for a commit, branch or file that is not there; Conflict when a branch is not
/// where the caller saw it; Invalid for paths and trees that are refused; Unavailable for the rest.
#[async_trait]
pub trait LakeRepository: Debug + Send + Sync {
    /// All branches with their heads, by name. Branches with names that [`BranchName`] refuses are
    /// left out.
    async fn branches(&self) -> Result<Vec<(BranchName, CommitId)>>;

    /// Where a branch stands; `None` when there is no such branch.
    async fn head(&self, branch: &BranchName) -> Result<Option<CommitId>>;

    /// One commit.
    async fn commit(&self, id: &CommitId) -> Result<Commit>;

    /// All paths of a commit, sorted.
    async fn files(&self, commit: &CommitId) -> Result<Vec<Entry>>;

    /// The bytes of files of a commit, in the order asked for.
    async fn read(&self, commit: &CommitId, paths: &[String]) -> Result<Vec<Vec<u8>>>;

    /// Commits that `from` reaches and `until` does not, newest first, at most `limit`.
    async fn log(
        &self,
        from: &CommitId,
        until: Option<&CommitId>,
        limit: usize,
    ) -> Result<Vec<Commit>>;

    /// Whether `descendant` follows `ancestor`, or is the same.
    async fn is_ancestor(&self, ancestor: &CommitId, descendant: &CommitId) -> Result<bool>;

    /// The newest commit that both reach; `None` for unrelated histories.
    async fn merge_base(&self, one: &CommitId, other: &CommitId) -> Result<Option<CommitId>>;

    /// Commits changes on top of a branch that stands at `expected`; `None`: the branch is new, and
    /// begins with this commit. Changes that change nothing make no commit: the head is the answer.
    /// Conflict when the branch stands elsewhere.
    async fn save(
        &self,
        branch: &BranchName,
        expected: Option<&CommitId>,
        changes: &[FileChange],
        author: &Author,
        message: &str,
    ) -> Result<CommitId>;

    /// Moves a branch forward to a commit that follows its head; `None`: the branch is new. Conflict
    /// when the branch stands elsewhere, or when `to` does not follow it: history is never dropped.
    async fn advance(
        &self,
        branch: &BranchName,
        expected: Option<&CommitId>,
        to: &CommitId,
    ) -> Result<()>;

    /// Commits the whole tree of an earlier commit on top of a branch: a way back that keeps history.
    /// Nothing to restore makes no commit: the head is the answer.
    async fn restore(
        &self,
        branch: &BranchName,
        expected: &CommitId,
        tree_of: &CommitId,
        author: &Author,
        message: &str,
    ) -> Result<CommitId>;
}
