//! Commits and how they follow each other.

use domain::branch::{Author, Commit, CommitId};
use domain::{Error, Result};
use git2::{ErrorCode, Repository, Sort};
use jiff::Timestamp;

use super::error::failed;
use super::{commit_of, id, oid};

/// A commit in our words. Names that are no UTF-8 are shown as far as they are.
pub(super) fn shown(commit: &git2::Commit<'_>) -> Result<Commit> {
    let author = commit.author();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let at = Timestamp::from_second(commit.time().seconds());
    Ok(Commit {
        id: id(commit.id())?,
        parents: commit.parent_ids().map(id).collect::<Result<_>>()?,
        author: Author { name: text(author.name_bytes()), email: text(author.email_bytes()) },
        message: text(commit.message_bytes()),
        at: at.map_err(|error| {
            Error::invalid(format!("commit {} has no possible time", commit.id()))
                .with_source(error)
        })?,
    })
}

/// Commits that `from` reaches and `until` does not, newest first.
pub(super) fn log(
    repository: &Repository,
    from: &CommitId,
    until: Option<&CommitId>,
    limit: usize,
) -> Result<Vec<Commit>> {
    let mut walk = repository.revwalk().map_err(failed("read"))?;
    walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME).map_err(failed("read"))?;
    walk.push(commit_of(repository, from)?.id()).map_err(failed("read"))?;
    if let Some(until) = until {
        walk.hide(commit_of(repository, until)?.id()).map_err(failed("read"))?;
    }
    let found = walk.take(limit).map(|found| {
        let commit = repository.find_commit(found.map_err(failed("read"))?);
        shown(&commit.map_err(failed("read"))?)
    });
    found.collect()
}

/// Whether one commit follows another, or is the same.
pub(super) fn follows(
    repository: &Repository,
    ancestor: &CommitId,
    descendant: &CommitId,
) -> Result<bool> {
    let (ancestor, descendant) =
        (commit_of(repository, ancestor)?.id(), commit_of(repository, descendant)?.id());
    let follows = repository.graph_descendant_of(descendant, ancestor).map_err(failed("read"))?;
    Ok(follows || ancestor == descendant)
}

/// The newest commit that both reach.
pub(super) fn merge_base(
    repository: &Repository,
    one: &CommitId,
    other: &CommitId,
) -> Result<Option<CommitId>> {
    commit_of(repository, one)?;
    commit_of(repository, other)?;
    match repository.merge_base(oid(one)?, oid(other)?) {
        Ok(base) => id(base).map(Some),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(failed("read")(error)),
    }
}
