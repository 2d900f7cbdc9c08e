//! The lake repository on GitHub, through its Git data API: nothing is cloned.
//!
//! Architecture invariant: what is named by its content is kept; where a branch stands is asked every
//! time. A branch is moved without force, so that GitHub itself refuses to drop what came meanwhile.

mod branch;
mod cache;
mod changes;
mod history;
mod read;
mod tree;

use std::sync::Arc;

use async_trait::async_trait;
use domain::Result;
use domain::branch::{Author, BranchName, Commit, CommitId};
use infra::lake_repository::{Entry, FileChange, LakeRepository};

use crate::client::Client;
use cache::Kept;
use history::Known;
use tree::Listing;

/// What is kept: commits, listings of trees by their number of files, bytes of files.
const MOST_COMMITS: usize = 5_000;
const MOST_LISTED: usize = 50_000;
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// The [`LakeRepository`] that is a repository on GitHub.
#[derive(Debug, Clone)]
pub struct GitHubLakeRepository {
    client: Arc<Client>,
    commits: Arc<Kept<CommitId, Known>>,
    listings: Arc<Kept<String, Listing>>,
    blobs: Arc<Kept<String, Arc<[u8]>>>,
}

impl GitHubLakeRepository {
    pub(crate) fn new(client: Arc<Client>) -> Self {
        Self {
            client,
            commits: Arc::new(Kept::up_to(MOST_COMMITS)),
            listings: Arc::new(Kept::up_to(MOST_LISTED)),
            blobs: Arc::new(Kept::up_to(MOST_BYTES)),
        }
    }

    /// The files of a tree.
    async fn listing(&self, tree: &str) -> Result<Listing> {
        if let Some(kept) = self.listings.get(&tree.to_owned()) {
            return Ok(kept);
        }
        let listing = tree::read(&self.client, tree).await?;
        self.listings.put(tree.to_owned(), Arc::clone(&listing), listing.len().max(1));
        Ok(listing)
    }
}

#[async_trait]
impl LakeRepository for GitHubLakeRepository {
    async fn branches(&self) -> Result<Vec<(BranchName, CommitId)>> {
        self.all_branches().await
    }

    async fn head(&self, branch: &BranchName) -> Result<Option<CommitId>> {
        self.branch_head(branch).await
    }

    async fn commit(&self, id: &CommitId) -> Result<Commit> {
        self.known(id).await.map(|known| known.commit)
    }

    async fn files(&self, commit: &CommitId) -> Result<Vec<Entry>> {
        let listing = self.listing(&self.known(commit).await?.tree).await?;
        Ok(listing.iter().map(|listed| listed.entry.clone()).collect())
    }

    async fn read(&self, commit: &CommitId, paths: &[String]) -> Result<Vec<Vec<u8>>> {
        let listing = self.listing(&self.known(commit).await?.tree).await?;
        self.bytes(&listing, paths).await
    }

    async fn log(
        &self,
        from: &CommitId,
        until: Option<&CommitId>,
        limit: usize,
    ) -> Result<Vec<Commit>> {
        self.between(from, until, limit).await
    }

    async fn is_ancestor(&self, ancestor: &CommitId, descendant: &CommitId) -> Result<bool> {
        self.follows(ancestor, descendant).await
    }

    async fn merge_base(&self, one: &CommitId, other: &CommitId) -> Result<Option<CommitId>> {
        self.base(one, other).await
    }

    async fn save(
        &self,
        branch: &BranchName,
        expected: Option<&CommitId>,
        changes: &[FileChange],
        author: &Author,
        message: &str,
    ) -> Result<CommitId> {
        let parent = self.expect(branch, expected).await?;
        let tree = self.changed_tree(parent.as_ref(), changes).await?;
        self.commit_tree(branch, parent.as_ref(), &tree, author, message).await
    }

    async fn advance(
        &self,
        branch: &BranchName,
        expected: Option<&CommitId>,
        to: &CommitId,
    ) -> Result<()> {
        self.forward(branch, expected, to).await
    }

    async fn restore(
        &self,
        branch: &BranchName,
        expected: &CommitId,
        tree_of: &CommitId,
        author: &Author,
        message: &str,
    ) -> Result<CommitId> {
        let parent = self.expect(branch, Some(expected)).await?;
        let tree = self.known(tree_of).await?.tree;
        self.commit_tree(branch, parent.as_ref(), &tree, author, message).await
    }
}
