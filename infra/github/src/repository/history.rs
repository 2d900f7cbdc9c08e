//! Commits and how they follow each other.

use domain::branch::{Author, Commit, CommitId};
use domain::{Error, ErrorKind, Result};
use jiff::Timestamp;
use serde::Deserialize;

use super::GitHubLakeRepository;
use crate::client::{PAGE, paged};

/// A commit with its tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) commit: Commit,
    pub(super) tree: String,
}

#[derive(Deserialize)]
pub(super) struct Object {
    pub(super) sha: String,
}

#[derive(Deserialize)]
struct Signed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    date: String,
}

/// A commit as Git has it.
#[derive(Deserialize)]
struct Plain {
    author: Signed,
    committer: Signed,
    message: String,
    tree: Object,
}

#[derive(Deserialize)]
struct Single {
    sha: String,
    parents: Vec<Object>,
    #[serde(flatten)]
    commit: Plain,
}

/// A commit in a list.
#[derive(Deserialize)]
struct InList {
    sha: String,
    parents: Vec<Object>,
    commit: Plain,
}

/// How two commits are related.
#[derive(Deserialize)]
struct Comparison {
    status: String,
    merge_base_commit: Object,
    total_commits: usize,
    commits: Vec<InList>,
}

impl GitHubLakeRepository {
    /// A commit. It never changes, so that it is asked for once.
    pub(super) async fn known(&self, id: &CommitId) -> Result<Known> {
        if let Some(kept) = self.commits.get(id) {
            return Ok(kept);
        }
        let (path, doing) = (format!("git/commits/{id}"), format!("read commit {id}"));
        let Single { sha, parents, commit } = self.client.get(&path, &doing).await?;
        let known = shown(&sha, &parents, commit)?;
        self.commits.put(id.clone(), known.clone(), 1);
        Ok(known)
    }

    /// Commits that `from` reaches and `until` does not, newest first.
    pub(super) async fn between(
        &self,
        from: &CommitId,
        until: Option<&CommitId>,
        limit: usize,
    ) -> Result<Vec<Commit>> {
        self.known(from).await?;
        let Some(until) = until else { return self.reached(from, limit).await };
        let Some(first) = self.compare(until, from, 1).await? else {
            // Unrelated: `until` reaches nothing of it.
            return self.reached(from, limit).await;
        };
        // The oldest come first, so that the newest are on the last page.
        let last = first.total_commits.div_ceil(PAGE).max(1);
        let mut first = Some(first.commits);
        let mut newest = Vec::new();
        for page in (1..=last).rev() {
            let commits = match first.take_if(|_| page == 1) {
                Some(commits) => commits,
                None => {
                    self.compare(until, from, page).await?.map_or(vec![], |found| found.commits)
                }
            };
            newest.extend(commits.into_iter().rev().take(limit - newest.len()));
            if newest.len() >= limit {
                break;
            }
        }
        newest.into_iter().map(listed).collect()
    }

    async fn reached(&self, from: &CommitId, limit: usize) -> Result<Vec<Commit>> {
        let mut commits = Vec::new();
        for page in 1.. {
            let path = paged(&format!("commits?sha={from}"), page);
            let found: Vec<InList> =
                self.client.get(&path, &format!("read the log of {from}")).await?;
            let last = found.len() < PAGE;
            commits.extend(found.into_iter().take(limit - commits.len()));
            if last || commits.len() >= limit {
                break;
            }
        }
        commits.into_iter().map(listed).collect()
    }

    /// Whether one commit follows another, or is the same.
    pub(super) async fn follows(&self, ancestor: &CommitId, descendant: &CommitId) -> Result<bool> {
        self.known(ancestor).await?;
        self.known(descendant).await?;
        if ancestor == descendant {
            return Ok(true);
        }
        let found = self.compare(ancestor, descendant, 1).await?;
        Ok(found.is_some_and(|found| matches!(found.status.as_str(), "ahead" | "identical")))
    }

    /// The newest commit that both reach.
    pub(super) async fn base(&self, one: &CommitId, other: &CommitId) -> Result<Option<CommitId>> {
        self.known(one).await?;
        self.known(other).await?;
        let found = self.compare(one, other, 1).await?;
        found.map(|found| found.merge_base_commit.sha.parse()).transpose()
    }

    /// How two commits that are there are related; `None`: not at all.
    async fn compare(
        &self,
        base: &CommitId,
        head: &CommitId,
        page: usize,
    ) -> Result<Option<Comparison>> {
        let doing = format!("compare {} with {}", base.short(), head.short());
        let path = paged(&format!("compare/{base}...{head}"), page);
        match self.client.get(&path, &doing).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn listed(found: InList) -> Result<Commit> {
    shown(&found.sha, &found.parents, found.commit).map(|known| known.commit)
}

fn shown(sha: &str, parents: &[Object], commit: Plain) -> Result<Known> {
    let at: Timestamp = commit.committer.date.parse().map_err(|error: jiff::Error| {
        Error::invalid(format!("commit {sha} has no possible time")).with_source(error)
    })?;
    let Signed { name, email, .. } = commit.author;
    let parents = parents.iter().map(|parent| parent.sha.parse()).collect::<Result<_>>()?;
    let commit_shown = Commit {
        id: sha.parse()?,
        parents,
        author: Author { name, email },
        message: commit.message,
        at,
    };
    Ok(Known { commit: commit_shown, tree: commit.tree.sha })
}
