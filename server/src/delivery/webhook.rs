//! What GitHub tells by webhook.
//!
//! Architecture invariant: a delivery is a hint. It names a branch to look at; what is started is
//! what the lake repository itself says, so that replayed, late and reordered deliveries start
//! nothing wrong (C16, C17), and a lost one is made good by the next look (C18).

use domain::branch::{BranchName, CommitId, Person};
use domain::{Error, ErrorKind, Result};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;

/// What all branches are called by Git.
const BRANCHES: &str = "refs/heads/";

/// The signature that a delivery came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 32]);

impl Signature {
    /// Reads `X-Hub-Signature-256`. [`ErrorKind::Denied`] without it: the older SHA-1 alone is not
    /// believed (C14).
    pub fn read(header: Option<&str>) -> Result<Self> {
        let Some(header) = header else {
            return denied("X-Hub-Signature-256 is missing: set a secret for the webhook");
        };
        match header.strip_prefix("sha256=").and_then(from_hex) {
            Some(bytes) => Ok(Self(bytes)),
            None => denied("X-Hub-Signature-256 is not `sha256=` and 64 hexadecimal digits"),
        }
    }

    /// Checks it over the raw body, in constant time. [`ErrorKind::Denied`] when it does not fit.
    pub fn check(&self, secret: &str, body: &[u8]) -> Result<()> {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
            .map_err(|error| Error::internal(error.to_string()))?;
        mac.update(body);
        match mac.verify_slice(&self.0) {
            Ok(()) => Ok(()),
            Err(_) => denied("the signature does not fit: the secrets differ"),
        }
    }
}

fn denied<T>(why: &str) -> Result<T> {
    Err(Error::new(ErrorKind::Denied, why))
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    let mut bytes = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// A delivery, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// A branch moved.
    Push(Push),
    /// There is nothing to do, and why.
    Nothing(String),
}

/// A branch that moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// As `owner/name`.
    pub repository: String,
    /// Which branch.
    pub branch: BranchName,
    /// Where it stands after the push.
    pub after: CommitId,
    /// Who pushed.
    pub pusher: Person,
    /// Whether commits were taken off the branch.
    pub forced: bool,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "ref")]
    reference: String,
    after: String,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    forced: bool,
    repository: Repository,
    sender: Sender,
}

#[derive(Deserialize)]
struct Repository {
    full_name: String,
}

#[derive(Deserialize)]
struct Sender {
    id: u64,
    login: String,
}

/// Reads a delivery. `event` is `X-GitHub-Event`. [`ErrorKind::Invalid`] when a push is not what
/// GitHub sends.
pub fn read(event: &str, body: &[u8]) -> Result<Told> {
    match event {
        "ping" => Ok(Told::Nothing("pong".into())),
        "push" => push(body),
        other => Ok(Told::Nothing(format!("event {} means nothing here", other.escape_debug()))),
    }
}

fn push(body: &[u8]) -> Result<Told> {
    let payload: Payload = serde_json::from_slice(body)
        .map_err(|error| Error::invalid(format!("this is no push of GitHub: {error}")))?;
    let Some(name) = payload.reference.strip_prefix(BRANCHES) else {
        return Ok(Told::Nothing("tags start nothing".into()));
    };
    if payload.deleted {
        return Ok(Told::Nothing("a branch was deleted: what runs stays".into()));
    }
    let Ok(branch) = name.parse() else {
        return Ok(Told::Nothing("no pipeline delivers a branch of that name".into()));
    };
    Ok(Told::Push(Push {
        repository: payload.repository.full_name,
        branch,
        after: payload.after.parse()?,
        pusher: Person { id: payload.sender.id.to_string(), login: payload.sender.login },
        forced: payload.forced,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "It's a Secret to Everybody";

    /// The example of GitHub's own documentation.
    const DOCUMENTED: &str =
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn verify(secret: &str, header: Option<&str>, body: &[u8]) -> Result<()> {
        Signature::read(header)?.check(secret, body)
    }

    #[test]
    fn c14_only_the_sha_256_of_the_raw_body_under_the_secret_is_believed() {
        let body = b"Hello, World!";
        assert!(verify(SECRET, Some(DOCUMENTED), body).is_ok());
        let sha1 = "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59";
        for wrong in [None, Some(""), Some(sha1), Some("sha256=00"), Some(&DOCUMENTED[7..])] {
            assert_eq!(verify(SECRET, wrong, body).unwrap_err().kind(), ErrorKind::Denied);
        }
        assert!(verify(SECRET, Some(DOCUMENTED), b"Hello, World").is_err());
        assert!(verify("another secret", Some(DOCUMENTED), body).is_err());
    }

    fn told(reference: &str, more: &str) -> Told {
        let body = format!(
            r#"{{"ref":"{reference}","before":"{zero}","after":"{after}",{more}
                "repository":{{"id":1,"full_name":"acme/lake"}},
                "sender":{{"id":583231,"login":"octocat"}},"commits":[]}}"#,
            zero = "0".repeat(40),
            after = "ab".repeat(20)
        );
        read("push", body.as_bytes()).unwrap()
    }

    #[test]
    fn c17_pushes_name_a_branch_and_the_rest_starts_nothing() {
        let Told::Push(push) = told("refs/heads/main", "\"forced\":true,") else {
            panic!("a push to main is a push")
        };
        assert_eq!((push.branch.as_str(), push.forced), ("main", true));
        assert_eq!(push.pusher.id, "583231", "people are counted by number");
        for (reference, more) in [
            ("refs/tags/v1", ""),
            ("refs/heads/main", "\"deleted\":true,"),
            ("refs/heads/a..b", ""),
        ] {
            assert!(matches!(told(reference, more), Told::Nothing(_)), "{reference}");
        }
        assert_eq!(read("ping", b"{}").unwrap(), Told::Nothing("pong".into()));
        assert!(matches!(read("star", b"{}").unwrap(), Told::Nothing(_)));
        assert_eq!(read("push", b"{}").unwrap_err().kind(), ErrorKind::Invalid);
    }
}
