//! Change sets: what would happen to a stack, prepared and not yet carried out.

use std::collections::BTreeMap;

use domain::release::Digest;
use domain::stack::ResourceChange;
use domain::{Error, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::release;

/// What to prepare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSetRequest {
    /// The stack; it need not exist yet.
    pub stack: String,
    /// The text of the template, YAML or JSON.
    pub template: String,
    /// What the template is given. A parameter left out takes the template's default.
    pub parameters: BTreeMap<String, String>,
    /// Tags of the stack and of its resources.
    pub tags: BTreeMap<String, String>,
    /// Makes a repeated request one request: a letter, then up to 127 letters, digits or hyphens.
    /// It becomes the name of the change set.
    pub token: String,
}

impl ChangeSetRequest {
    /// Checks names that CloudFormation would refuse. Invalid names the one.
    pub fn check_names(&self) -> Result<()> {
        for (what, name) in [("stack", &self.stack), ("change set", &self.token)] {
            let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic());
            let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
            if !starts_well || name.len() > 128 || !name.bytes().all(allowed) {
                return Err(Error::invalid(format!(
                    "{name:?} is no name of a {what}: use a letter, then up to 127 letters, digits or \
                     hyphens"
                )));
            }
        }
        Ok(())
    }

    /// Says that two requests for one stack ask for the same.
    pub fn fingerprint(&self) -> Digest {
        let mut all = Sha256::new();
        let mut add = |text: &str| {
            all.update(text.len().to_le_bytes());
            all.update(text);
        };
        add(&self.template);
        for pairs in [&self.parameters, &self.tags] {
            add(&pairs.len().to_string());
            pairs.iter().for_each(|(name, value)| {
                add(name);
                add(value);
            });
        }
        Digest::from(<[u8; 32]>::from(all.finalize()))
    }
}

/// The digest by which a template's text is told apart. CloudFormation keeps `?` for every character
/// beyond ASCII, and tells it so.
pub fn template_digest(text: &str) -> Digest {
    let kept: String = text.chars().map(|ch| if ch.is_ascii() { ch } else { '?' }).collect();
    release::digest(kept.as_bytes())
}

/// A change set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeSet {
    /// What it is executed by; never used again for another one.
    pub arn: String,
    /// Its name: the token of its request. Another change set may have it later.
    pub name: String,
    /// The name of its stack.
    pub stack: String,
    /// The ARN of its stack.
    pub stack_arn: String,
    /// Whether it makes the stack or changes it.
    pub kind: ChangeSetKind,
    /// Where it stands.
    pub status: ChangeSetStatus,
    /// Why, if there is more to say.
    pub reason: Option<String>,
    /// What would happen to which resource, the gravest first.
    pub changes: Vec<ResourceChange>,
    /// Of the text of its template.
    pub template: Digest,
    /// What the template would be given, with its defaults.
    pub parameters: BTreeMap<String, String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Whether a change set makes a stack or changes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChangeSetKind {
    /// There is no stack yet.
    Create,
    /// There is one.
    Update,
}

/// Where a change set stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChangeSetStatus {
    /// It can be executed.
    Prepared,
    /// Nothing would change.
    Empty,
    /// It could not be prepared; its reason says why.
    Failed,
    /// The stack was changed since: prepare another one.
    Obsolete,
    /// It was executed. What came of it is the stack's status.
    Executed,
}

impl ChangeSetStatus {
    /// The word in the database and in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prepared => "PREPARED",
            Self::Empty => "EMPTY",
            Self::Failed => "FAILED",
            Self::Obsolete => "OBSOLETE",
            Self::Executed => "EXECUTED",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_the_same_with_what_cloudformation_keeps_of_it() {
        let (sent, told) =
            ("# Pr\u{fc}fung \u{1f600}\nResources: {}", "# Pr?fung ?\nResources: {}");
        assert_eq!(template_digest(sent), template_digest(told));
        assert_eq!(template_digest(told), release::digest(told.as_bytes()));
        assert_ne!(template_digest(sent), template_digest("Resources: {}"));
    }
}
