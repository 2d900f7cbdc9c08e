//! Branches: where they stand, and moving them from where they were seen.
//!
//! GitHub moves a branch without force only to what follows it. A commit that was made on top of the
//! head that was seen follows another head only if that one is older; so what came meanwhile is never
//! lost, and an answer that was lost is found out by looking.

use domain::branch::{Author, BranchName, CommitId};
use domain::{Error, ErrorKind, Result};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::GitHubLakeRepository;
use super::history::{Known, Object};
use crate::client::Twice;

/// Most branches that are listed.
const MOST_BRANCHES: usize = 10_000;
/// Longest message of a commit, in bytes.
const MAX_MESSAGE_BYTES: usize = 16 * 1024;
/// Whom commits name as their committer: nobody's address.
const COMMITTER: (&str, &str) = ("Sluice", "noreply@sluice.invalid");

#[derive(Deserialize)]
struct Listed {
    name: String,
    commit: Object,
}

#[derive(Deserialize)]
struct Reference {
    object: Object,
}

impl GitHubLakeRepository {
    pub(super) async fn all_branches(&self) -> Result<Vec<(BranchName, CommitId)>> {
        let found: Vec<Listed> =
            self.client.all("branches", MOST_BRANCHES, "list the branches").await?;
        let mut branches = Vec::new();
        for Listed { name, commit } in found {
            if let Ok(name) = name.parse() {
                branches.push((name, commit.sha.parse()?));
            }
        }
        branches.sort();
        branches.dedup();
        Ok(branches)
    }

    pub(super) async fn branch_head(&self, branch: &BranchName) -> Result<Option<CommitId>> {
        let doing = format!("read branch {branch}");
        let found = self.client.get(&format!("git/ref/heads/{branch}"), &doing).await;
        match found {
            Ok(Reference { object }) => object.sha.parse().map(Some),
            // A repository without a commit conflicts with being asked.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Conflict) => {
                self.check_seen(error).await.map(|()| None)
            }
            Err(error) => Err(error),
        }
    }

    /// A branch that is not there is told from a repository that may not be seen: GitHub says the same
    /// of both. Else a token that ran out of rights would look like a lake without a commit.
    async fn check_seen(&self, error: Error) -> Result<()> {
        #[derive(Deserialize)]
        struct Repository {}
        match self.client.get("", "find the repository").await {
            Ok(Repository {}) => Ok(()),
            Err(unseen) if unseen.kind() == ErrorKind::NotFound => {
                let repository = self.client.repository();
                Err(Error::new(
                    ErrorKind::Denied,
                    format!(
                        "GitHub shows no repository {repository}: check its name, and that the token \
                         or app may read its contents ({error})"
                    ),
                ))
            }
            Err(other) => Err(other),
        }
    }

    /// The commit at which a branch is expected to stand. Conflict when it stands elsewhere.
    pub(super) async fn expect(
        &self,
        branch: &BranchName,
        expected: Option<&CommitId>,
    ) -> Result<Option<Known>> {
        if self.branch_head(branch).await?.as_ref() != expected {
            return Err(moved(branch));
        }
        match expected {
            Some(expected) => self.known(expected).await.map(Some),
            None => Ok(None),
        }
    }

    /// Commits a tree on top of a branch. A tree that is the same already makes no commit.
    pub(super) async fn commit_tree(
        &self,
        branch: &BranchName,
        parent: Option<&Known>,
        tree: &str,
        author: &Author,
        message: &str,
    ) -> Result<CommitId> {
        if let Some(parent) = parent.filter(|parent| parent.tree == tree) {
            return Ok(parent.commit.id.clone());
        }
        check_message(message)?;
        check_author(author)?;
        // The time is given, so that the same commit sent twice is one.
        let date = Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default();
        let date = date.to_string();
        let parents: Vec<_> = parent.iter().map(|parent| parent.commit.id.as_str()).collect();
        let (name, email) = COMMITTER;
        let body = json!({
            "message": message,
            "tree": tree,
            "parents": parents,
            "author": { "name": author.name, "email": author.email, "date": date },
            "committer": { "name": name, "email": email, "date": date },
        });
        let made: CommitId = self.make("git/commits", &body, "make the commit").await?.parse()?;
        self.swap(branch, parent.map(|parent| &parent.commit.id), &made).await?;
        Ok(made)
    }

    /// Moves a branch forward to a commit that follows its head.
    pub(super) async fn forward(
        &self,
        branch: &BranchName,
        expected: Option<&CommitId>,
        to: &CommitId,
    ) -> Result<()> {
        self.known(to).await?;
        self.expect(branch, expected).await?;
        if let Some(expected) = expected {
            if expected == to {
                return Ok(());
            }
            if !self.follows(expected, to).await? {
                return Err(Error::conflict(format!(
                    "branch {branch} cannot move to {}: that commit does not follow {}; merge first",
                    to.short(),
                    expected.short()
                )));
            }
        }
        self.swap(branch, expected, to).await
    }

    /// Makes an object that is named by its content; its name.
    pub(super) async fn make(&self, path: &str, body: &Value, doing: &str) -> Result<String> {
        let made: Result<Object> = self.client.post(path, body, Twice::Same, doing).await;
        made.map(|made| made.sha).map_err(|error| match error.kind() {
            ErrorKind::Conflict => Error::invalid(format!(
                "the repository has no commit yet: make the first one on GitHub or push it, for \
                 example what `sluice init` makes ({error})"
            )),
            _ => error,
        })
    }

    /// Makes a branch, or moves it without force. When GitHub refuses or its answer is lost, where the
    /// branch stands says what became of it.
    async fn swap(
        &self,
        branch: &BranchName,
        from: Option<&CommitId>,
        to: &CommitId,
    ) -> Result<()> {
        let doing = format!("move branch {branch}");
        let swapped: Result<Value> = match from {
            Some(_) => {
                let body = json!({ "sha": to, "force": false });
                let path = format!("git/refs/heads/{branch}");
                self.client.patch(&path, &body, Twice::Other, &doing).await
            }
            None => {
                let body = json!({ "ref": format!("refs/heads/{branch}"), "sha": to });
                self.client.post("git/refs", &body, Twice::Other, &doing).await
            }
        };
        let Err(error) = swapped else { return Ok(()) };
        let settled = matches!(error.kind(), ErrorKind::Denied | ErrorKind::Throttled);
        if settled {
            return Err(error);
        }
        let now = self.branch_head(branch).await?;
        match (now.as_ref() == Some(to), now.as_ref() == from, error.kind()) {
            (true, ..) => Ok(()),
            (_, false, _) => Err(moved(branch).with_source(error)),
            // It stands where it stood: a rule of the repository forbids it.
            (_, _, ErrorKind::Invalid | ErrorKind::Conflict | ErrorKind::NotFound) => {
                Err(Error::new(
                    ErrorKind::Denied,
                    format!(
                        "branch {branch} may not be moved by Sluice: let its token or app pass the rules \
                     that protect the branch ({error})"
                    ),
                ))
            }
            _ => Err(error),
        }
    }
}

fn moved(branch: &BranchName) -> Error {
    Error::conflict(format!(
        "branch {branch} has moved meanwhile: look at what came, then try again"
    ))
}

fn check_message(message: &str) -> Result<()> {
    if message.trim().is_empty() || message.len() > MAX_MESSAGE_BYTES || message.contains('\0') {
        return Err(Error::invalid(format!(
            "a commit needs a message of at most {MAX_MESSAGE_BYTES} bytes: say why it changes"
        )));
    }
    Ok(())
}

fn check_author(author: &Author) -> Result<()> {
    let Author { name, email } = author;
    let fits = |text: &str| {
        !text.trim().is_empty() && !text.chars().any(|c| c.is_control() || c == '<' || c == '>')
    };
    if fits(name) && fits(email) {
        return Ok(());
    }
    Err(Error::invalid(format!("{name:?} <{email}> cannot be the author of a commit")))
}
