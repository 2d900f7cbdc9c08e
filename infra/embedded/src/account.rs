//! The account and region that an adapter is bound to.

use domain::{Error, Result};

/// An account and a region: what one environment lives in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountRegion {
    account: String,
    region: String,
}

impl AccountRegion {
    /// Takes the twelve digits of an account and a region as `eu-central-1`. Invalid otherwise.
    pub fn new(account: &str, region: &str) -> Result<Self> {
        let digits = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !digits || region.is_empty() || region.len() > 32 || !region.bytes().all(allowed) {
            return Err(Error::invalid(format!(
                "account {account:?} in region {region:?} is not valid: give twelve digits and a \
                 region as eu-central-1"
            )));
        }
        Ok(Self { account: account.to_owned(), region: region.to_owned() })
    }

    /// The twelve digits.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.region
    }
}
