//! Releases: the immutable, content-addressed build of one commit, the same for every environment.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::branch::CommitId;
use crate::{Error, Result};

/// The SHA-256 of something, as 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

impl Digest {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve digits, for people.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl From<[u8; 32]> for Digest {
    fn from(hash: [u8; 32]) -> Self {
        Self(hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl FromStr for Digest {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let hexadecimal = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if hexadecimal && text.len() == 64 {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::invalid(format!("{text:?} is no digest: give all its 64 hexadecimal digits")))
    }
}

impl TryFrom<String> for Digest {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One file of a release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReleaseFile {
    /// Its path in the lake repository, with `/`.
    pub path: String,
    /// Of its bytes.
    pub digest: Digest,
    /// Its length in bytes.
    pub bytes: u64,
}

/// The manifest of a release. Its id is the digest of its files and of the templates that Sluice
/// itself brings; the commit is not part of it, so that two commits of one content are one release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The digest that names it.
    pub id: Digest,
    /// The commit it was built from first.
    pub commit: CommitId,
    /// Its files, by path.
    pub files: Vec<ReleaseFile>,
    /// Of what defines the pipeline itself; when it changes, the pipeline changes itself first.
    pub definition: Digest,
    /// When it was built first.
    pub built_at: Timestamp,
}
