//! What a secret is called.

use std::fmt;
use std::str::FromStr;

use domain::{Error, Result};
use serde::{Deserialize, Serialize};

/// The name of a secret, as `/sluice/dev/ApiKey`: 1 to 200 letters, digits and `/_+=.@-`. The stacks of
/// an environment may read those below `/sluice/<environment>/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretName(String);

impl SecretName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SecretName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"/_+=.@-".contains(&b);
        if !text.is_empty() && text.len() <= 200 && text.bytes().all(allowed) {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::invalid(format!(
            "{text:?} is no name of a secret: use 1 to 200 letters, digits and /_+=.@-"
        )))
    }
}

impl TryFrom<String> for SecretName {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<SecretName> for String {
    fn from(name: SecretName) -> Self {
        name.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_secrets_manager_takes() {
        for good in ["/DataLake/GitHubToken", "a", "..", "x+y=z@1"] {
            assert_eq!(good.parse::<SecretName>().unwrap().as_str(), good);
        }
        let long = "x".repeat(201);
        for bad in ["", "a b", "a\nb", "ä", "a\\b", long.as_str()] {
            assert!(bad.parse::<SecretName>().is_err(), "{bad:?} was accepted");
        }
    }
}
