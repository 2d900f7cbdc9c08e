//! GitHub as the place where the lake repository lies and changes are reviewed.

use std::time::Duration;

use domain::branch::BranchName;
use domain::{Error, Result};
use infra::lake_repository::LakeRepository;
use infra::secrets::SecretValue;
use infra_github::{Credentials, GitHub, GitHubSettings};

use crate::config::{GitHubDeliveryConfig, Secret};

/// The configured repository; `None` when none is. Nothing is asked of GitHub yet.
/// [`domain::ErrorKind::Invalid`] when an address, a token or a key is none.
pub fn open(config: &GitHubDeliveryConfig) -> Result<Option<GitHub>> {
    let Some(repository) = &config.repository else { return Ok(None) };
    let settings = GitHubSettings {
        api_url: config.api_url.clone(),
        repository: named("repository", repository.parse())?,
        credentials: named("token", credentials(config))?,
        patience: Duration::from_secs(config.timeout_seconds),
    };
    named("api_url", GitHub::new(&settings)).map(Some)
}

/// Where a branch of the configured repository stands, in words; `None` when none is configured.
pub async fn look(config: &GitHubDeliveryConfig, branch: &BranchName) -> Result<Option<String>> {
    let (Some(name), Some(github)) = (&config.repository, open(config)?) else { return Ok(None) };
    let head = github.lake_repository().head(branch).await?;
    Ok(Some(match head {
        Some(head) => format!("{name}: {branch} stands at {}", head.short()),
        None => format!("{name} has no branch {branch} yet: push what `sluice init` makes"),
    }))
}

fn credentials(config: &GitHubDeliveryConfig) -> Result<Credentials> {
    let hidden = |secret: &Secret| SecretValue::new(secret.expose());
    match (&config.token, &config.app, &config.app_key) {
        (Some(token), None, None) => Ok(Credentials::Token(hidden(token)?)),
        (None, Some(app), Some(key)) => {
            Ok(Credentials::App { app: app.clone(), key: hidden(key)? })
        }
        _ => Err(Error::invalid("give either a token, or an app with its app_key")),
    }
}

fn named<T>(key: &str, made: Result<T>) -> Result<T> {
    made.map_err(|error| error.context(format!("delivery.github.{key}")))
}
