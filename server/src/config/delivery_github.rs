//! The lake repository on GitHub: section `[delivery.github]`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::check::{Wrong, web_address, within};
use super::secret::Secret;

/// Which repository on GitHub, and who Sluice is there.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GitHubDeliveryConfig {
    /// The lake repository, as `owner/name`. Without it the lake repository lies in the data folder.
    pub repository: Option<String>,
    /// The REST API; `https://host/api/v3` for GitHub Enterprise Server.
    pub api_url: String,
    /// The number or the client id of a GitHub App that is installed on the repository.
    pub app: Option<String>,
    /// The app's private key, in PEM.
    pub app_key: Option<Secret>,
    /// File to read the key from.
    pub app_key_file: Option<PathBuf>,
    /// A fine-grained token, in place of an app.
    pub token: Option<Secret>,
    /// File to read the token from.
    pub token_file: Option<PathBuf>,
    /// Longest that a request may take.
    pub timeout_seconds: u64,
    /// Seconds between two looks at the branches, in place of `delivery.poll_seconds`: GitHub counts
    /// them, and tells of pushes by webhook.
    pub poll_seconds: u64,
}

impl Default for GitHubDeliveryConfig {
    fn default() -> Self {
        Self {
            repository: None,
            api_url: "https://api.github.com".to_owned(),
            app: None,
            app_key: None,
            app_key_file: None,
            token: None,
            token_file: None,
            timeout_seconds: 20,
            poll_seconds: 30,
        }
    }
}

impl GitHubDeliveryConfig {
    /// Where people see and push to a repository of this API.
    pub fn web_address(&self, repository: &str) -> String {
        let api = self.api_url.trim_end_matches('/');
        let web = match api.strip_suffix("/api/v3") {
            Some(host) => host,
            None if api == "https://api.github.com" => "https://github.com",
            None => api,
        };
        format!("{web}/{repository}")
    }

    pub(super) fn check(&self, wrong: &mut Vec<Wrong>) {
        web_address(wrong, "delivery.github.api_url", &self.api_url);
        within(wrong, "delivery.github.timeout_seconds", self.timeout_seconds, 1..=120);
        within(wrong, "delivery.github.poll_seconds", self.poll_seconds, 1..=3600);
        let keys = (self.token.is_some(), self.app.is_some(), self.app_key.is_some());
        match (self.repository.is_some(), keys) {
            (false, (false, false, false)) | (true, (true, false, false) | (false, true, true)) => {
            }
            (true, (false, true, false)) => {
                wrong.push(Wrong::new("delivery.github.app_key", "is missing: give the app's key"));
            }
            (true, (false, false, true)) => {
                wrong.push(Wrong::new("delivery.github.app", "is missing: whose key is it?"));
            }
            (true, _) => wrong.push(Wrong::new(
                "delivery.github.token",
                "give either a token, or an app with its app_key",
            )),
            (false, _) => wrong.push(Wrong::new(
                "delivery.github.repository",
                "is missing: write it as owner/name",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(config: &GitHubDeliveryConfig) -> Vec<String> {
        let mut wrong = Vec::new();
        config.check(&mut wrong);
        wrong.into_iter().map(|wrong| wrong.key.into_owned()).collect()
    }

    #[test]
    fn a_repository_needs_one_way_to_sign_in_and_no_more() {
        let none = GitHubDeliveryConfig::default();
        assert_eq!(keys(&none), [""; 0]);
        let secret = || Some(Secret::from("x".to_owned()));
        let token = GitHubDeliveryConfig { token: secret(), ..none.clone() };
        assert_eq!(keys(&token), ["delivery.github.repository"]);
        let named = GitHubDeliveryConfig { repository: Some("a/b".into()), ..none };
        assert_eq!(keys(&named), ["delivery.github.token"]);
        assert_eq!(keys(&GitHubDeliveryConfig { token: secret(), ..named.clone() }), [""; 0]);
        let app = GitHubDeliveryConfig { app: Some("1".into()), ..named };
        assert_eq!(keys(&app), ["delivery.github.app_key"]);
        let app = GitHubDeliveryConfig { app_key: secret(), ..app };
        assert_eq!(keys(&app), [""; 0]);
        assert_eq!(
            keys(&GitHubDeliveryConfig { token: secret(), ..app }),
            ["delivery.github.token"]
        );
    }

    #[test]
    fn people_find_the_repository_beside_its_api() {
        let at = |api_url: &str| {
            let config = GitHubDeliveryConfig { api_url: api_url.into(), ..Default::default() };
            config.web_address("acme/lake")
        };
        assert_eq!(at("https://api.github.com"), "https://github.com/acme/lake");
        assert_eq!(at("https://git.example.org/api/v3/"), "https://git.example.org/acme/lake");
    }
}
