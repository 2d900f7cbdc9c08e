//! Branches and commits of the lake repository, and the people behind them.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The name of a branch, without `refs/heads/`: what Git allows of letters, digits and `._/-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BranchName(String);

impl BranchName {
    /// `main`.
    pub fn usual() -> Self {
        Self("main".to_owned())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BranchName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._/-".contains(&byte);
        let whole_parts = text.split('/').all(|part| {
            !part.is_empty()
                && !part.starts_with(['.', '-'])
                && !part.ends_with('.')
                && !part.ends_with(".lock")
        });
        if text.len() <= 100 && text.bytes().all(allowed) && whole_parts && !text.contains("..") {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::invalid(format!(
            "branch name {text:?} is not valid: use letters, digits and `._/-`, for example `main`"
        )))
    }
}

impl TryFrom<String> for BranchName {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<BranchName> for String {
    fn from(name: BranchName) -> Self {
        name.0
    }
}

impl fmt::Display for BranchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of a commit: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommitId(String);

impl CommitId {
    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first eight digits, for people.
    pub fn short(&self) -> &str {
        &self.0[..8]
    }
}

impl FromStr for CommitId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let hexadecimal = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if hexadecimal && matches!(text.len(), 40 | 64) {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::invalid(format!(
            "{text:?} is no commit id: give all its 40 digits, as `git rev-parse` prints them"
        )))
    }
}

impl TryFrom<String> for CommitId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<CommitId> for String {
    fn from(id: CommitId) -> Self {
        id.0
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Somebody whom the provider of sign-ins knows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Person {
    /// The provider's number for them: people are counted by it, because logins are given up and
    /// taken by others.
    pub id: String,
    /// Their login, as it is now.
    pub login: String,
}

/// Who wrote a commit, as Git has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Author {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
}

impl Author {
    /// The author under whom Sluice commits for a person: the address carries their number, as
    /// GitHub's own `<id>+<login>@users.noreply.github.com` does.
    pub fn of(person: &Person) -> Self {
        let email = format!("{}+{}@users.noreply.github.com", person.id, person.login);
        Self { name: person.login.clone(), email }
    }

    /// The person's number, if the address carries one.
    pub fn person_id(&self) -> Option<&str> {
        let local = self.email.strip_suffix("@users.noreply.github.com")?;
        local.split_once('+').map(|(id, _)| id).filter(|id| !id.is_empty())
    }
}

/// One commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its id.
    pub id: CommitId,
    /// Those it follows.
    pub parents: Vec<CommitId>,
    /// Who wrote it.
    pub author: Author,
    /// All of its message.
    pub message: String,
    /// When it was committed.
    pub at: Timestamp,
}

impl Commit {
    /// The first line of the message.
    pub fn summary(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_name_is_one_that_git_takes_and_no_path_out_of_refs() {
        for good in ["main", "feature/yellow-tips", "release-1.2"] {
            assert_eq!(good.parse::<BranchName>().unwrap().as_str(), good);
        }
        for bad in ["", "../x", "a..b", "/a", "a/", "a//b", "-x", ".x", "a.lock", "a b", "a\n"] {
            assert!(bad.parse::<BranchName>().is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn a_commit_id_is_whole() {
        assert!("abc".parse::<CommitId>().is_err());
        assert!("G".repeat(40).parse::<CommitId>().is_err());
        assert_eq!("ab".repeat(20).parse::<CommitId>().unwrap().short(), "abababab");
    }

    #[test]
    fn c3_the_author_of_a_commit_made_for_a_person_carries_their_number() {
        let person = Person { id: "583231".into(), login: "octocat".into() };
        assert_eq!(Author::of(&person).person_id(), Some("583231"));
        let unknown = Author { name: "O".into(), email: "o@example.org".into() };
        assert_eq!(unknown.person_id(), None);
    }
}
