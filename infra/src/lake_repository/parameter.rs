//! Parameters of templates, as files write them.

use serde::Deserialize;

/// A parameter's value: templates know text alone.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "a parameter's value has to be text, a whole number or true or false"
)]
pub(super) enum Parameter {
    Text(String),
    Number(i64),
    Truth(bool),
}

impl Parameter {
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
            Self::Truth(truth) => truth.to_string(),
        }
    }
}

/// Whether a CloudFormation template can give a parameter this name.
pub(super) fn is_name(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_templates_know() {
        assert!(is_name("VpcCidr") && !is_name("vpc-cidr") && !is_name(""));
    }
}
