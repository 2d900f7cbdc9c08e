//! Branches: where they stand, and moving them by compare-and-swap.

use std::path::Path;
use std::time::Duration;

use domain::branch::{Author, BranchName, CommitId};
use domain::{Error, Result};
use git2::{Commit, ErrorCode, Oid, Repository, Signature, Tree};

use super::error::failed;
use super::{commit_of, history, id, oid};

/// How often the lock of a branch is tried, and how long between.
const LOCK_TRIES: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// A lock this old belongs to nobody: a branch is locked for milliseconds, and only a process that was
/// killed leaves its lock behind.
const LOCK_ABANDONED: Duration = Duration::from_secs(60);

/// Longest message of a commit, in bytes.
const MAX_MESSAGE_BYTES: usize = 16 * 1024;

fn reference(branch: &BranchName) -> String {
    format!("refs/heads/{branch}")
}

/// All branches with their heads, by name.
pub(super) fn all(repository: &Repository) -> Result<Vec<(BranchName, CommitId)>> {
    let mut branches = Vec::new();
    for found in repository.references_glob("refs/heads/*").map_err(failed("read"))? {
        let found = found.map_err(failed("read"))?;
        let name = found.name().and_then(|name| name.strip_prefix("refs/heads/"));
        let name = name.and_then(|name| name.parse::<BranchName>().ok());
        if let (Some(name), Some(head)) = (name, found.target()) {
            branches.push((name, id(head)?));
        }
    }
    branches.sort();
    Ok(branches)
}

/// Where a branch stands.
pub(super) fn head(repository: &Repository, branch: &BranchName) -> Result<Option<Oid>> {
    match repository.find_reference(&reference(branch)) {
        Ok(found) => Ok(found.target()),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(failed("read")(error)),
    }
}

/// The commit at which a branch is expected to stand. Conflict when it stands elsewhere.
pub(super) fn expect<'r>(
    repository: &'r Repository,
    branch: &BranchName,
    expected: Option<&CommitId>,
) -> Result<Option<Commit<'r>>> {
    let found = head(repository, branch)?;
    if found != expected.map(oid).transpose()? {
        return Err(moved(branch));
    }
    expected.map(|expected| commit_of(repository, expected)).transpose()
}

fn moved(branch: &BranchName) -> Error {
    Error::conflict(format!(
        "branch {branch} has moved meanwhile: look at what came, then try again"
    ))
}

/// Commits a tree on top of a branch. A tree that is the same already makes no commit.
pub(super) fn commit(
    repository: &Repository,
    branch: &BranchName,
    parent: Option<Commit<'_>>,
    tree: Tree<'_>,
    author: &Author,
    message: &str,
) -> Result<CommitId> {
    if let Some(parent) = parent.as_ref().filter(|parent| parent.tree_id() == tree.id()) {
        return id(parent.id());
    }
    if message.trim().is_empty() || message.len() > MAX_MESSAGE_BYTES || message.contains('\0') {
        return Err(Error::invalid(format!(
            "a commit needs a message of at most {MAX_MESSAGE_BYTES} bytes: say why it changes"
        )));
    }
    let signature = Signature::now(&author.name, &author.email).map_err(|error| {
        let Author { name, email } = author;
        Error::invalid(format!("{name:?} <{email}> cannot be the author of a commit: {error}"))
    })?;
    let parents: Vec<_> = parent.iter().collect();
    let made = repository.commit(None, &signature, &signature, message, &tree, &parents);
    let made = made.map_err(failed("change"))?;
    swap(repository, branch, parent.map(|parent| parent.id()), made)?;
    id(made)
}

/// Moves a branch forward to a commit that follows its head.
pub(super) fn advance(
    repository: &Repository,
    branch: &BranchName,
    expected: Option<&CommitId>,
    to: &CommitId,
) -> Result<()> {
    let target = commit_of(repository, to)?.id();
    let from = expect(repository, branch, expected)?;
    if let Some(expected) = expected
        && !history::follows(repository, expected, to)?
    {
        return Err(Error::conflict(format!(
            "branch {branch} cannot move to {}: that commit does not follow {}; merge first",
            to.short(),
            expected.short()
        )));
    }
    swap(repository, branch, from.map(|from| from.id()), target)
}

/// Moves a branch if it stands where it was seen, under the lock that `git push` takes too.
fn swap(repository: &Repository, branch: &BranchName, from: Option<Oid>, to: Oid) -> Result<()> {
    let name = reference(branch);
    for _ in 0..LOCK_TRIES {
        let expected = from.unwrap_or_else(Oid::zero);
        match repository.reference_matching(&name, to, true, expected, "sluice") {
            Ok(_) => return Ok(()),
            Err(error) => match error.code() {
                ErrorCode::Modified | ErrorCode::NotFound => return Err(moved(branch)),
                ErrorCode::Locked => break_abandoned_lock(repository.path(), &name),
                _ => return Err(failed("change")(error)),
            },
        }
        std::thread::sleep(LOCK_PAUSE);
    }
    Err(Error::new(
        domain::ErrorKind::Unavailable,
        format!("branch {branch} is locked by another process: try again in a minute"),
    ))
}

fn break_abandoned_lock(repository: &Path, name: &str) {
    let lock = repository.join(format!("{name}.lock"));
    let made = std::fs::metadata(&lock).and_then(|metadata| metadata.modified());
    let age = made.ok().and_then(|made| made.elapsed().ok());
    if age.is_some_and(|age| age > LOCK_ABANDONED) {
        tracing::warn!(lock = %lock.display(), "an abandoned lock of a branch is taken away");
        // Whoever took it away first has done the same.
        drop(std::fs::remove_file(&lock));
    }
}
