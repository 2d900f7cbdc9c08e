//! The delivery flow: section `[delivery]`.

use std::path::PathBuf;
use std::time::Duration;

use domain::branch::BranchName;
use serde::{Deserialize, Serialize};

use super::check::Wrong;
use super::delivery_github::GitHubDeliveryConfig;
use super::secret::Secret;

/// How pushes are heard of.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeliveryConfig {
    /// What GitHub signs its deliveries with. Without it `/webhooks/github` refuses everything.
    pub webhook_secret: Option<Secret>,
    /// File to read the secret from.
    pub webhook_secret_file: Option<PathBuf>,
    /// The branch whose `sluice.toml` says which environments there are.
    pub branch: BranchName,
    /// Seconds between two looks at the branches: they find pushes that no webhook told of.
    pub poll_seconds: u64,
    /// Seconds without a sign of life after which another worker goes on with an execution.
    pub lease_seconds: u64,
    /// The lake repository on GitHub, if it lies there.
    pub github: GitHubDeliveryConfig,
}

impl Default for DeliveryConfig {
    fn default() -> Self {
        Self {
            webhook_secret: None,
            webhook_secret_file: None,
            branch: BranchName::usual(),
            poll_seconds: 2,
            lease_seconds: 30,
            github: GitHubDeliveryConfig::default(),
        }
    }
}

impl DeliveryConfig {
    /// The time between two looks at the branches.
    pub fn poll(&self) -> Duration {
        let on_github = self.github.repository.is_some();
        Duration::from_secs(if on_github { self.github.poll_seconds } else { self.poll_seconds })
    }

    pub(super) fn check(&self, wrong: &mut Vec<Wrong>) {
        if !(1..=3600).contains(&self.poll_seconds) {
            wrong.push(Wrong::new("delivery.poll_seconds", "must be from 1 to 3600"));
        }
        if !(1..=3600).contains(&self.lease_seconds) {
            wrong.push(Wrong::new("delivery.lease_seconds", "must be from 1 to 3600"));
        }
        // As long as the digest it keys, so that it cannot be tried out.
        let short = |secret: &Secret| secret.expose().len() < 16;
        if self.webhook_secret.as_ref().is_some_and(short) {
            wrong.push(Wrong::new("delivery.webhook_secret", "must have at least 16 characters"));
        }
        self.github.check(wrong);
    }
}
