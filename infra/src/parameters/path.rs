//! Where a parameter is.

use std::fmt;
use std::str::FromStr;

use domain::environment::EnvironmentName;
use domain::{Error, Result};
use serde::{Deserialize, Serialize};

/// The path of a parameter, as `/sluice/dev/vpc-cidr`: 1 to 15 parts, each of letters, digits, `.`,
/// `_` and `-`; at most 1,000 characters; neither `aws` nor `ssm` as the first part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ParameterPath(String);

impl ParameterPath {
    /// Where the parameters of an environment are: `/sluice/dev/Size`. What roles may read is named by
    /// it. No other lake has such an environment in the account and region: exports carry its name.
    pub fn of(environment: &EnvironmentName, name: &str) -> Result<Self> {
        format!("/sluice/{environment}/{name}").parse()
    }

    /// The path, with its leading `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ParameterPath {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let invalid = || {
            Error::invalid(format!(
                "{text:?} is no path of a parameter: write it as /sluice/dev/name, with letters, \
                 digits, `.`, `_` and `-` between the slashes"
            ))
        };
        let parts: Vec<&str> = text.strip_prefix('/').ok_or_else(invalid)?.split('/').collect();
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        let well_made = |part: &&str| !part.is_empty() && part.bytes().all(allowed);
        let reserved = ["aws", "ssm"].iter().any(|word| parts[0].eq_ignore_ascii_case(word));
        if reserved || parts.len() > 15 || text.len() > 1000 || !parts.iter().all(well_made) {
            return Err(invalid());
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for ParameterPath {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<ParameterPath> for String {
    fn from(path: ParameterPath) -> Self {
        path.0
    }
}

impl fmt::Display for ParameterPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_that_ssm_takes() {
        for good in ["/a", "/sluice/dev/Vpc_Cidr.v-1", "/DataLake/GitHubToken"] {
            assert_eq!(good.parse::<ParameterPath>().unwrap().as_str(), good);
        }
        let deep = "/a".repeat(16);
        for bad in ["", "/", "a", "/a/", "//a", "/a b", "/aws/x", "/SSM", "/ä", deep.as_str()] {
            assert!(bad.parse::<ParameterPath>().is_err(), "{bad:?} was accepted");
        }
    }
}
