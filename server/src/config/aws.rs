//! AWS, in mode `aws`: section `[aws]`.

use std::collections::BTreeMap;

use aws::AwsSettings;
use domain::environment::EnvironmentName;
use domain::{Error, Result};
use serde::{Deserialize, Serialize};
use std::time::Duration;

use super::check::{Wrong, web_address, within};
use super::secret::Secret;

/// Where AWS is, and what the resources of the lake are called there. Credentials are found as the SDK
/// finds them: the role of the task or the instance, a profile, the environment.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AwsConfig {
    /// The region of environments that name none, and of the deployment account.
    pub region: Option<String>,
    /// Another address for all services: an emulator, or a private endpoint.
    pub endpoint_url: Option<String>,
    /// What the names of resources hold beside the environment: `resource_name_prefix` of `sluice.toml`.
    pub resource_name_prefix: Option<String>,
    /// The central deployment account, 12 digits: release assets lie there.
    pub deployment_account: Option<String>,
    /// A role that whoever bootstraps may take on in every account.
    pub admin_role: String,
    /// Glue database of conformed tables.
    pub conformed_database: String,
    /// Glue database of purpose-built tables.
    pub purpose_built_database: String,
    /// Longest that one attempt at a call may take.
    pub attempt_timeout_seconds: u64,
    /// Attempts at a call that may be repeated.
    pub attempts: u32,
    /// The account of each environment.
    pub environments: BTreeMap<EnvironmentName, AwsEnvironmentConfig>,
}

/// The account of one environment.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AwsEnvironmentConfig {
    /// The account, 12 digits.
    pub account: String,
    /// Its region; `aws.region` when absent.
    pub region: Option<String>,
    /// What the trust policies of the roles ask for beside the server's role, if they do.
    pub external_id: Option<Secret>,
    /// File to read it from.
    pub external_id_file: Option<std::path::PathBuf>,
}

impl Default for AwsConfig {
    fn default() -> Self {
        Self {
            region: None,
            endpoint_url: None,
            resource_name_prefix: None,
            deployment_account: None,
            admin_role: "OrganizationAccountAccessRole".to_owned(),
            conformed_database: "datalake_raw_source".to_owned(),
            purpose_built_database: "datablog_arg".to_owned(),
            attempt_timeout_seconds: 30,
            attempts: 4,
            environments: BTreeMap::new(),
        }
    }
}

/// What is needed to reach one environment in AWS.
#[derive(Debug, Clone)]
pub struct AwsPlace {
    /// How AWS is reached.
    pub settings: AwsSettings,
    /// The environment.
    pub environment: EnvironmentName,
    /// Its account.
    pub account: String,
    /// Its region.
    pub region: String,
    /// What the names of its resources hold.
    pub prefix: String,
    /// What its roles ask for.
    pub external_id: Option<Secret>,
    /// Glue database of conformed tables.
    pub conformed_database: String,
    /// Glue database of purpose-built tables.
    pub purpose_built_database: String,
}

impl AwsConfig {
    /// How AWS is reached, by default in the region of the deployment account.
    /// [`domain::ErrorKind::Invalid`] when no region is given.
    pub fn settings(&self) -> Result<AwsSettings> {
        let region = self.region.as_ref().ok_or_else(|| {
            Error::invalid("aws.region is missing: name the region of the deployment account")
        })?;
        Ok(AwsSettings {
            endpoint: self.endpoint_url.clone(),
            attempt: Duration::from_secs(self.attempt_timeout_seconds),
            operation: Duration::from_secs(self.attempt_timeout_seconds * 4),
            attempts: self.attempts,
            ..AwsSettings::in_region(region)
        })
    }

    /// Whether all of AWS is on this machine, so that nothing that is done there matters to anybody.
    pub fn is_emulated(&self) -> bool {
        let url = self.endpoint_url.as_deref().and_then(|url| url::Url::parse(url).ok());
        url.is_some_and(|url| match url.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        })
    }

    /// Where an environment is. Invalid when its account is not configured.
    pub fn place(&self, environment: &EnvironmentName) -> Result<AwsPlace> {
        let settings = self.settings()?;
        let found = self.environments.get(environment).ok_or_else(|| {
            Error::invalid(format!(
                "aws.environments.{environment} is missing: name the account of the environment"
            ))
        })?;
        Ok(AwsPlace {
            environment: environment.clone(),
            account: found.account.clone(),
            region: found.region.clone().unwrap_or_else(|| settings.region.clone()),
            settings,
            prefix: self.resource_name_prefix.clone().unwrap_or_default(),
            external_id: found.external_id.clone(),
            conformed_database: self.conformed_database.clone(),
            purpose_built_database: self.purpose_built_database.clone(),
        })
    }

    /// What is wrong where AWS is used; elsewhere nothing of it is looked at.
    pub(super) fn check(&self, environments: &[EnvironmentName], wrong: &mut Vec<Wrong>) {
        let mut missing = |key: &'static str, what: &str| {
            wrong.push(Wrong::new(key, format!("is missing: {what}")));
        };
        if self.region.is_none() {
            missing("aws.region", "name the region of the deployment account");
        }
        if self.resource_name_prefix.is_none() {
            missing("aws.resource_name_prefix", "it is that of sluice.toml");
        }
        match &self.deployment_account {
            None => missing("aws.deployment_account", "give its 12 digits"),
            Some(account) => check_account(wrong, "aws.deployment_account".to_owned(), account),
        }
        if let Some(url) = &self.endpoint_url {
            web_address(wrong, "aws.endpoint_url", url);
        }
        within(wrong, "aws.attempt_timeout_seconds", self.attempt_timeout_seconds, 1..=300);
        within(wrong, "aws.attempts", self.attempts, 1..=10);
        for name in environments {
            let key = format!("aws.environments.{name}.account");
            match self.environments.get(name) {
                None => wrong.push(Wrong::new(key, "is missing: give its 12 digits")),
                Some(found) => check_account(wrong, key, &found.account),
            }
        }
        for name in self.environments.keys().filter(|name| !environments.contains(name)) {
            let key = format!("aws.environments.{name}");
            wrong.push(Wrong::new(key, "is none of `environments`: add it there, or remove it"));
        }
    }
}

fn check_account(wrong: &mut Vec<Wrong>, key: String, account: &str) {
    if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
        wrong.push(Wrong::new(key, format!("{account:?} is no account: give its 12 digits")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environments() -> Vec<EnvironmentName> {
        ["dev", "prod"].map(|name| name.parse().unwrap()).into()
    }

    fn keys(config: &AwsConfig) -> Vec<String> {
        let mut wrong = Vec::new();
        config.check(&environments(), &mut wrong);
        wrong.into_iter().map(|wrong| wrong.key.into_owned()).collect()
    }

    #[test]
    fn every_environment_needs_its_account() {
        let account =
            |digits: &str| AwsEnvironmentConfig { account: digits.into(), ..Default::default() };
        let mut config = AwsConfig {
            region: Some("eu-central-1".into()),
            resource_name_prefix: Some("lake".into()),
            deployment_account: Some("444444444444".into()),
            ..AwsConfig::default()
        };
        config.environments.insert("dev".parse().unwrap(), account("111111111111"));
        assert_eq!(keys(&config), ["aws.environments.prod.account"]);
        config.environments.insert("prod".parse().unwrap(), account("33"));
        assert_eq!(keys(&config), ["aws.environments.prod.account"]);
        config.environments.insert("prod".parse().unwrap(), account("333333333333"));
        assert_eq!(keys(&config), [""; 0]);
        let place = config.place(&"prod".parse().unwrap()).unwrap();
        assert_eq!(
            (place.account.as_str(), place.region.as_str()),
            ("333333333333", "eu-central-1")
        );
        config.environments.insert("test".parse().unwrap(), account("222222222222"));
        assert_eq!(keys(&config), ["aws.environments.test"]);
    }
}
