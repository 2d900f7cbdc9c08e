//! Environments: where a release runs (dev, test, prod by default).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The name of an environment: `[a-z][a-z0-9-]{0,15}`. It becomes a folder and part of resource names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EnvironmentName(String);

impl EnvironmentName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EnvironmentName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut bytes = text.bytes();
        let starts_well = bytes.next().is_some_and(|b| b.is_ascii_lowercase());
        let goes_on_well = bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if starts_well && goes_on_well && text.len() <= 16 {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::invalid(format!(
            "environment name {text:?} is not valid: use 1 to 16 lower-case letters, digits or \
             hyphens, starting with a letter, for example `dev`"
        )))
    }
}

impl TryFrom<String> for EnvironmentName {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<EnvironmentName> for String {
    fn from(name: EnvironmentName) -> Self {
        name.0
    }
}

impl fmt::Display for EnvironmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_folder() {
        for bad in ["", "..", "dev/../prod", "Dev", "-dev", "a_b", "seventeen-letters"] {
            assert!(bad.parse::<EnvironmentName>().is_err(), "{bad:?} was accepted");
        }
        assert_eq!("dev".parse::<EnvironmentName>().unwrap().as_str(), "dev");
    }
}
