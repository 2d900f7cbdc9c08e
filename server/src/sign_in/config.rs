//! How people sign in: section `[sign_in]` of the configuration.

use std::fmt;
use std::path::PathBuf;

use domain::access::{Grant, Role};
use domain::environment::EnvironmentName;
use etl_embedded::outbound;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize, Serializer};
use url::Url;

use crate::accounts::{AccountSettings, LOCAL_PROVIDER};

/// How people sign in. There is no default for `mode`: nothing falls open by forgetting it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignInConfig {
    /// The one way to sign in.
    pub mode: Option<SignInMode>,
    /// Hours after which a session ends, however busy it is. Teams are read at sign-in, so that this
    /// is also how long somebody who left the organisation may go on at most.
    pub session_hours: u32,
    /// Hours after which an idle session ends.
    pub idle_hours: u32,
    /// Days after the last sign-in after which roles that teams gave lapse, also for API tokens.
    pub team_role_days: u32,
    /// Minutes for which a one-time link may be used.
    pub link_minutes: u32,
    /// GitHub, for mode `github`.
    pub github: GitHubConfig,
}

/// The ways to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignInMode {
    /// A one-time link, printed at start. For one person on their own machine.
    Link,
    /// GitHub, or a GitHub Enterprise Server.
    #[serde(rename = "github")]
    GitHub,
}

/// An OAuth app of GitHub, and what its organisation's teams may do.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GitHubConfig {
    /// The app's client id.
    pub client_id: String,
    /// The app's client secret.
    #[serde(serialize_with = "hidden")]
    pub client_secret: String,
    /// A file to read the client secret from.
    pub client_secret_file: Option<PathBuf>,
    /// Where the browser goes.
    pub web_url: String,
    /// The REST API.
    pub api_url: String,
    /// The login of the organisation whose active members may sign in.
    pub organisation: String,
    /// Which team gives which role. Somebody whom no team gives a role needs one by hand.
    pub team_roles: Vec<TeamRole>,
}

/// A role that the members of a team have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamRole {
    /// The slug of the team, as in its address.
    pub team: String,
    /// The role.
    pub role: Role,
    /// In these environments; in all when absent.
    #[serde(default)]
    pub environments: Option<Vec<EnvironmentName>>,
}

/// A value that cannot be: the key, and what to write instead.
pub type Wrong = (String, String);

impl Default for SignInConfig {
    fn default() -> Self {
        Self {
            mode: None,
            session_hours: 12,
            idle_hours: 4,
            team_role_days: 30,
            link_minutes: 60,
            github: GitHubConfig::default(),
        }
    }
}

impl Default for GitHubConfig {
    fn default() -> Self {
        Self {
            client_id: String::new(),
            client_secret: String::new(),
            client_secret_file: None,
            web_url: "https://github.com".to_owned(),
            api_url: "https://api.github.com".to_owned(),
            organisation: String::new(),
            team_roles: Vec::new(),
        }
    }
}

impl fmt::Debug for GitHubConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitHubConfig")
            .field("client_id", &self.client_id)
            .field("organisation", &self.organisation)
            .finish_non_exhaustive()
    }
}

impl SignInConfig {
    /// By one-time link, all else as usual.
    pub fn by_link() -> Self {
        Self { mode: Some(SignInMode::Link), ..Self::default() }
    }

    /// Puts the client secret from its file in place.
    pub fn read_secrets(&mut self) -> Result<(), Wrong> {
        let Some(file) = &self.github.client_secret_file else { return Ok(()) };
        let key = || "sign_in.github.client_secret_file".to_owned();
        if !self.github.client_secret.is_empty() {
            return Err((key(), "give the secret or its file, not both".to_owned()));
        }
        let text = std::fs::read_to_string(file)
            .map_err(|error| (key(), format!("{} cannot be read: {error}", file.display())))?;
        text.trim().clone_into(&mut self.github.client_secret);
        Ok(())
    }

    /// Everything that keeps people from signing in safely to a console at `public_url`.
    pub fn validate(&self, public_url: &Url) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        let mut check = |is_right: bool, key: &str, advice: &str| {
            if !is_right {
                wrong.push((key.to_owned(), advice.to_owned()));
            }
        };
        let hours = 1..=24 * 31;
        check(hours.contains(&self.session_hours), "sign_in.session_hours", "use 1 to 744 hours");
        check(hours.contains(&self.idle_hours), "sign_in.idle_hours", "use 1 to 744 hours");
        let days = 1..=366;
        check(days.contains(&self.team_role_days), "sign_in.team_role_days", "use 1 to 366 days");
        let minutes = 1..=24 * 60;
        check(minutes.contains(&self.link_minutes), "sign_in.link_minutes", "use 1 to 1440");
        check(
            is_safe(public_url),
            "server.public_url",
            "use https: over plain http to another machine, anybody on the way can take a session",
        );
        match self.mode {
            None => check(
                false,
                "sign_in.mode",
                "choose \"link\" (a one-time link, for one person) or \"github\"",
            ),
            Some(SignInMode::Link) => {}
            Some(SignInMode::GitHub) => wrong.extend(self.github.validate()),
        }
        wrong
    }

    /// How long sessions and roles hold, and whose sessions count.
    pub fn account_settings(&self) -> AccountSettings {
        AccountSettings {
            provider: self.provider(),
            session_life: SignedDuration::from_hours(self.session_hours.into()),
            session_idle: SignedDuration::from_hours(self.idle_hours.into()),
            team_role_life: SignedDuration::from_hours(i64::from(self.team_role_days) * 24),
            link_life: SignedDuration::from_mins(self.link_minutes.into()),
        }
    }

    /// Who says who people are. The host belongs to it: numbers of two GitHubs are not the same
    /// people.
    pub fn provider(&self) -> String {
        match self.mode {
            Some(SignInMode::GitHub) => {
                let url = Url::parse(&self.github.api_url).ok();
                let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
                let port = url.as_ref().and_then(Url::port).map(|port| format!(":{port}"));
                format!("github:{host}{}", port.unwrap_or_default())
            }
            _ => LOCAL_PROVIDER.to_owned(),
        }
    }
}

impl GitHubConfig {
    fn validate(&self) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        let filled = [
            ("client_id", &self.client_id, "the client id of your OAuth app on GitHub"),
            ("client_secret", &self.client_secret, "its client secret, or use client_secret_file"),
            ("organisation", &self.organisation, "the login of your organisation on GitHub"),
        ];
        for (key, value, what) in filled {
            if value.trim().is_empty() {
                wrong.push((format!("sign_in.github.{key}"), format!("is missing: write {what}")));
            }
        }
        if !self.organisation.chars().all(|ch| ch.is_ascii_alphanumeric() || ch == '-') {
            let advice = "is no login: use letters, digits and hyphens";
            wrong.push(("sign_in.github.organisation".into(), advice.into()));
        }
        for (key, value) in [("web_url", &self.web_url), ("api_url", &self.api_url)] {
            let url = Url::parse(value).ok();
            let right =
                url.is_some_and(|url| is_safe(&url) && !outbound::names_refused_address(&url));
            if !right {
                let advice = "is no https address of GitHub: write it as https://github.com";
                wrong.push((format!("sign_in.github.{key}"), advice.into()));
            }
        }
        if self.team_roles.is_empty() {
            let advice = "is empty, so that nobody could ever sign in: name a team that is admin, as \
                          [[sign_in.github.team_roles]] team = \"platform\", role = \"admin\"";
            wrong.push(("sign_in.github.team_roles".into(), advice.into()));
        }
        wrong
    }

    /// The roles that teams give, by their slugs.
    pub fn grants(&self, teams: &[String]) -> Vec<Grant> {
        let mut grants = Vec::new();
        for rule in &self.team_roles {
            if !teams.iter().any(|team| team.eq_ignore_ascii_case(&rule.team)) {
                continue;
            }
            match &rule.environments {
                None => grants.push(Grant::everywhere(rule.role)),
                Some(names) => grants.extend(
                    names
                        .iter()
                        .map(|name| Grant { role: rule.role, environment: Some(name.clone()) }),
                ),
            }
        }
        grants.sort();
        grants.dedup();
        grants
    }
}

/// Encrypted, or not leaving this machine.
fn is_safe(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.has_host(),
        "http" => is_loopback(url),
        _ => false,
    }
}

/// Whether the host of a URL is this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn hidden<S: Serializer>(secret: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(if secret.is_empty() { "" } else { "(hidden)" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> Url {
        Url::parse("http://127.0.0.1:8340").unwrap()
    }

    fn github() -> SignInConfig {
        let text = r#"
            mode = "github"
            [github]
            client_id = "id"
            client_secret = "hunter2"
            organisation = "acme"
            team_roles = [
                { team = "platform", role = "admin" },
                { team = "data", role = "engineer", environments = ["dev", "test"] },
            ]
        "#;
        toml::from_str(text).unwrap()
    }

    fn keys(config: &SignInConfig, public_url: &str) -> Vec<String> {
        let wrong = config.validate(&Url::parse(public_url).unwrap());
        wrong.into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn nothing_falls_open() {
        let empty: SignInConfig = toml::from_str("").unwrap();
        assert_eq!(keys(&empty, "http://localhost:1"), ["sign_in.mode"]);
        let mut config = github();
        config.github = GitHubConfig::default();
        assert_eq!(
            keys(&config, "https://lake.example"),
            ["client_id", "client_secret", "organisation", "team_roles"]
                .map(|key| format!("sign_in.github.{key}"))
        );
        assert!(toml::from_str::<SignInConfig>("mode = \"none\"").is_err());
        assert!(toml::from_str::<SignInConfig>("modus = \"link\"").is_err());
    }

    #[test]
    fn d7_plain_http_is_for_this_machine_alone() {
        assert_eq!(github().validate(&local()), []);
        assert_eq!(keys(&github(), "http://lake.example"), ["server.public_url"]);
        assert_eq!(keys(&SignInConfig::by_link(), "http://10.0.0.7"), ["server.public_url"]);
        assert!(keys(&SignInConfig::by_link(), "http://[::1]:8340").is_empty());
        let mut config = github();
        config.github.api_url = "http://api.github.com".into();
        assert_eq!(keys(&config, "https://lake.example"), ["sign_in.github.api_url"]);
        config.github.api_url = "https://169.254.169.254".into();
        assert_eq!(keys(&config, "https://lake.example"), ["sign_in.github.api_url"]);
    }

    #[test]
    fn d13_the_client_secret_is_neither_printed_nor_written() {
        let config = github();
        assert!(!format!("{config:?}").contains("hunter2"));
        assert!(!toml::to_string(&config).unwrap().contains("hunter2"));
    }

    #[test]
    fn teams_give_their_roles_where_they_are_said_to() {
        let dev_and_test = ["dev", "test"]
            .map(|name| Grant { role: Role::Engineer, environment: Some(name.parse().unwrap()) });
        let grants = |teams: &[&str]| {
            let teams: Vec<_> = teams.iter().map(|team| (*team).to_owned()).collect();
            github().github.grants(&teams)
        };
        assert_eq!(grants(&["Data", "data"]), dev_and_test);
        assert_eq!(grants(&["platform"]), [Grant::everywhere(Role::Admin)]);
        assert_eq!(grants(&["platform-2", ""]), []);
    }

    #[test]
    fn d3_numbers_of_two_githubs_are_not_the_same_people() {
        let mut config = github();
        assert_eq!(config.provider(), "github:api.github.com");
        config.github.api_url = "https://git.acme.example/api/v3".into();
        assert_eq!(config.provider(), "github:git.acme.example");
        assert_eq!(SignInConfig::by_link().provider(), "local");
    }
}
