//! What the lake's stacks and resources are called.

use domain::environment::EnvironmentName;
use domain::{Error, Result};

/// The longest suffix of a bucket's name.
const LONGEST_SUFFIX: &str = "purpose-built";

/// The longest name that S3 takes, in characters.
const MAX_BUCKET_NAME: usize = 63;

/// `[lake]`: the two prefixes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    /// In names of stacks and exports, as `DataLakeCDKBlog`: letters and digits.
    pub logical_id_prefix: String,
    /// In names of resources, as `cdkblog-lake`: 12 characters of lower case, digits,
    /// single hyphens, no hyphen at either end.
    pub resource_name_prefix: String,
}

/// Whether text may stand in names of stacks.
pub(super) fn check_logical_id_prefix(text: &str) -> Result<()> {
    let starts_well = text.starts_with(|first: char| first.is_ascii_alphabetic());
    if starts_well && text.len() <= 40 && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "logical_id_prefix {text:?} is not valid: use 1 to 40 letters and digits, starting with a \
         letter, for example `DataLake`"
    )))
}

/// Whether text may stand in names of resources.
pub(super) fn check_resource_name_prefix(text: &str) -> Result<()> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let whole = (1..=12).contains(&text.len()) && !text.starts_with('-') && !text.ends_with('-');
    if !whole || !text.bytes().all(allowed) || text.contains("--") {
        return Err(Error::invalid(format!(
            "resource_name_prefix {text:?} is not valid: use 1 to 12 lower-case letters, digits and \
             single hyphens, none at either end, for example `my-lake`"
        )));
    }
    if text == "aws" {
        return Err(Error::invalid(
            "resource_name_prefix \"aws\" is not possible: tags that begin with `aws:` belong to AWS",
        ));
    }
    Ok(())
}

/// How many characters a bucket's name would have too many, if any.
pub(super) fn too_long_by(
    prefix: &str,
    environment: &EnvironmentName,
    account: &str,
    region: &str,
) -> Option<usize> {
    let name = format!("{environment}-{prefix}-{account}-{region}-{LONGEST_SUFFIX}");
    name.len().checked_sub(MAX_BUCKET_NAME).filter(|over| *over > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d10_prefixes_are_validated_as_said() {
        for good in ["a-b", "lake", "7eleven", "a", "a-b-c", "twelve-chars"] {
            check_resource_name_prefix(good).unwrap();
        }
        for bad in ["|", "-x", "x-", "", "A", "a_b", "a--b", "aws", "a b", "ä", "a-prefix-of-16-"]
        {
            assert!(check_resource_name_prefix(bad).is_err(), "{bad:?} was accepted");
        }
        for good in ["DataLakeCDKBlog", "X", "Lake2"] {
            check_logical_id_prefix(good).unwrap();
        }
        for bad in ["", "2Lake", "Data-Lake", "Data Lake", "|"] {
            assert!(check_logical_id_prefix(bad).is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn a_bucket_name_fits_into_63_characters() {
        let dev = "dev".parse().unwrap();
        let over = |name: &EnvironmentName| {
            too_long_by("twelve-chars", name, "123456789012", "ap-northeast-1")
        };
        assert_eq!(over(&dev), None);
        assert_eq!(over(&"ten-chars-".parse().unwrap()), Some(2));
    }
}
