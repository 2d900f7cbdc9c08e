//! The lake repository as a local bare Git repository, to which people may `git push`.
//!
//! libgit2 runs no hooks and no filters. The repository is opened anew for each call, so that what
//! others pushed meanwhile is seen.

mod branch;
mod error;
mod history;
mod tree;
mod write_tree;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use domain::branch::{Author, BranchName, Commit, CommitId};
use domain::{Error, ErrorKind, Result};
use git2::{ConfigLevel, Oid, Repository, RepositoryInitOptions};
use infra::lake_repository::{Entry, FileChange, LakeRepository};

use error::{failed, not_there};

/// Settings of Sluice's own use of the repository. They lie beside those of the repository itself,
/// because `git push` warns of the first one.
const SETTINGS: &str = "[core]\n\tfsyncObjectFiles = true\n\tlogAllRefUpdates = false\n";
const SETTINGS_FILE: &str = "sluice.gitconfig";

/// The [`LakeRepository`] in a folder of this machine.
#[derive(Debug, Clone)]
pub struct GitLakeRepository {
    folder: Arc<Path>,
}

impl GitLakeRepository {
    /// Opens the bare repository in a folder, or makes one whose first branch will be `first`.
    pub async fn open_or_init(folder: impl Into<PathBuf>, first: &BranchName) -> Result<Self> {
        let (folder, first) = (folder.into(), first.clone());
        let made = folder.clone();
        blocking(move || prepare(&made, &first)).await?;
        Ok(Self { folder: folder.into() })
    }

    /// The folder, to which people push.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Repository) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let folder = Arc::clone(&self.folder);
        blocking(move || work(&open(&folder)?)).await
    }
}

/// Makes the repository where there is none. Half a one, left by a crash, is completed.
fn prepare(folder: &Path, first: &BranchName) -> Result<()> {
    if Repository::open_bare(folder).is_err() {
        let mut options = RepositoryInitOptions::new();
        // Templates of this machine would bring hooks.
        options.bare(true).mkpath(true).external_template(false).initial_head(first.as_str());
        let made = Repository::init_opts(folder, &options).map_err(failed("make"))?;
        let mut settings = made.config().map_err(failed("make"))?;
        settings.set_bool("receive.fsckObjects", true).map_err(failed("make"))?;
    }
    let settings = folder.join(SETTINGS_FILE);
    if std::fs::read(&settings).is_ok_and(|found| found == SETTINGS.as_bytes()) {
        return Ok(());
    }
    std::fs::write(&settings, SETTINGS).map_err(|error| {
        let message = format!("{} cannot be written: {error}", settings.display());
        Error::new(ErrorKind::Unavailable, message).with_source(error)
    })
}

fn open(folder: &Path) -> Result<Repository> {
    let repository = Repository::open_bare(folder).map_err(failed("open"))?;
    let mut settings = repository.config().map_err(failed("open"))?;
    let own = folder.join(SETTINGS_FILE);
    settings.add_file(&own, ConfigLevel::App, true).map_err(failed("open"))?;
    Ok(repository)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.map_err(|error| {
        Error::internal("the lake repository's work ended early").with_source(error)
    })?
}

/// Git's form of a commit's id.
fn oid(id: &CommitId) -> Result<Oid> {
    Oid::from_str(id.as_str()).map_err(|_| not_there(&format!("commit {id}")))
}

/// Our form of a commit's id.
fn id(oid: Oid) -> Result<CommitId> {
    oid.to_string().parse()
}

fn commit_of<'r>(repository: &'r Repository, of: &CommitId) -> Result<git2::Commit<'r>> {
    repository.find_commit(oid(of)?).map_err(|error| match error.code() {
        git2::ErrorCode::NotFound => not_there(&format!("commit {of}")),
        _ => failed("read")(error),
    })
}

#[async_trait]
impl LakeRepository for GitLakeRepository {
    async fn branches(&self) -> Result<Vec<(BranchName, CommitId)>> {
        self.with(branch::all).await
    }

    async fn head(&self, branch: &BranchName) -> Result<Option<CommitId>> {
        let branch = branch.clone();
        self.with(move |repository| branch::head(repository, &branch)?.map(id).transpose()).await
    }

    async fn commit(&self, id: &CommitId) -> Result<Commit> {
        let id = id.clone();
        self.with(move |repository| history::shown(&commit_of(repository, &id)?)).await
    }

    async fn files(&self, commit: &CommitId) -> Result<Vec<Entry>> {
        let commit = commit.clone();
        self.with(move |repository| tree::entries(repository, &commit_of(repository, &commit)?))
            .await
    }

    async fn read(&self, commit: &CommitId, paths: &[String]) -> Result<Vec<Vec<u8>>> {
        let (commit, paths) = (commit.clone(), paths.to_vec());
        self.with(move |repository| {
            tree::read(repository, &commit_of(repository, &commit)?, &paths)
        })
        .await
    }

    async fn log(
        &self,
        from: &CommitId,
        until: Option<&CommitId>,
        limit: usize,
    ) -> Result<Vec<Commit>> {
        let (from, until) = (from.clone(), until.cloned());
        self.with(move |repository| history::log(repository, &from, until.as_ref(), limit)).await
    }

    async fn is_ancestor(&self, ancestor: &CommitId, descendant: &CommitId) -> Result<bool> {
        let (ancestor, descendant) = (ancestor.clone(), descendant.clone());
        self.with(move |repository| history::follows(repository, &ancestor, &descendant)).await
    }

    async fn merge_base(&self, one: &CommitId, other: &CommitId) -> Result<Option<CommitId>> {
        let (one, other) = (one.clone(), other.clone());
        self.with(move |repository| history::merge_base(repository, &one, &other)).await
    }

    async fn save(
        &self,
        branch: &BranchName,
        expected: Option<&CommitId>,
        changes: &[FileChange],
        author: &Author,
        message: &str,
    ) -> Result<CommitId> {
        let (branch, expected, changes) = (branch.clone(), expected.cloned(), changes.to_vec());
        let (author, message) = (author.clone(), message.to_owned());
        self.with(move |repository| {
            let parent = branch::expect(repository, &branch, expected.as_ref())?;
            let base =
                parent.as_ref().map(git2::Commit::tree).transpose().map_err(failed("read"))?;
            let tree = write_tree::changed(repository, base, &changes)?;
            branch::commit(repository, &branch, parent, tree, &author, &message)
        })
        .await
    }

    async fn advance(
        &self,
        branch: &BranchName,
        expected: Option<&CommitId>,
        to: &CommitId,
    ) -> Result<()> {
        let (branch, expected, to) = (branch.clone(), expected.cloned(), to.clone());
        self.with(move |repository| branch::advance(repository, &branch, expected.as_ref(), &to))
            .await
    }

    async fn restore(
        &self,
        branch: &BranchName,
        expected: &CommitId,
        tree_of: &CommitId,
        author: &Author,
        message: &str,
    ) -> Result<CommitId> {
        let (branch, expected, tree_of) = (branch.clone(), expected.clone(), tree_of.clone());
        let (author, message) = (author.clone(), message.to_owned());
        self.with(move |repository| {
            let parent = branch::expect(repository, &branch, Some(&expected))?;
            let tree = commit_of(repository, &tree_of)?.tree().map_err(failed("read"))?;
            branch::commit(repository, &branch, parent, tree, &author, &message)
        })
        .await
    }
}

#[cfg(test)]
mod tests;
