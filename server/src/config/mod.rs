//! Configuration: one struct per concern, loaded once at start from defaults, a file, the
//! environment and flags, checked as a whole, and passed explicitly.
//!
//! Later sources win: defaults, then the file, then `SLUICE_*` variables, then flags. A key that
//! nobody knows is an error, and every error names the key and where its value came from.

mod aws;
mod check;
mod delivery;
mod delivery_github;
mod engine;
mod flags;
mod lake;
mod load;
mod log;
mod notifications;
mod secret;
mod server;
#[cfg(test)]
mod tests;
mod uploads;

use std::path::PathBuf;

use domain::environment::EnvironmentName;
use domain::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::sign_in::SignInConfig;
use check::Wrong;

pub use aws::{AwsConfig, AwsEnvironmentConfig, AwsPlace};
pub use delivery::DeliveryConfig;
pub use delivery_github::GitHubDeliveryConfig;
pub use engine::EngineConfig;
pub use flags::{ConfigFlags, Given};
pub use lake::LakeConfig;
pub use load::{Entry, Loaded, load};
pub use log::{LogConfig, LogFormat};
pub use notifications::{NotificationsConfig, TargetConfig};
pub use secret::Secret;
pub use server::{MetricsAccess, ServerConfig};
pub use uploads::UploadsConfig;

/// Everything that can be configured. Sizes and times carry their unit in the key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Which adapters stand behind the ports.
    pub mode: Mode,
    /// Folder that holds the lake: its zones and, without a database URL, its database.
    pub data_dir: PathBuf,
    /// Database of the lake's state; a SQLite file in the data folder when absent.
    pub database_url: Option<Secret>,
    /// File to read the database URL from.
    pub database_url_file: Option<PathBuf>,
    /// The environments, in the order of promotion.
    pub environments: Vec<EnvironmentName>,
    /// AWS, in mode `aws`.
    pub aws: AwsConfig,
    /// The web server.
    pub server: ServerConfig,
    /// How people sign in.
    pub sign_in: SignInConfig,
    /// The data flow.
    pub engine: EngineConfig,
    /// Files that come through the browser.
    pub uploads: UploadsConfig,
    /// How pushes are heard of.
    pub delivery: DeliveryConfig,
    /// Where notifications go beside the log file.
    pub notifications: NotificationsConfig,
    /// The process's own log.
    pub log: LogConfig,
}

/// Which adapters stand behind the ports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// One data folder on this machine.
    #[default]
    Embedded,
    /// AWS services, in an account for each environment.
    Aws,
}

impl Default for Config {
    fn default() -> Self {
        let environments = ["dev", "test", "prod"].iter().filter_map(|name| name.parse().ok());
        Self {
            mode: Mode::default(),
            data_dir: "sluice-data".into(),
            database_url: None,
            database_url_file: None,
            environments: environments.collect(),
            aws: AwsConfig::default(),
            server: ServerConfig::default(),
            sign_in: SignInConfig::default(),
            engine: EngineConfig::default(),
            uploads: UploadsConfig::default(),
            delivery: DeliveryConfig::default(),
            notifications: NotificationsConfig::default(),
            log: LogConfig::default(),
        }
    }
}

impl Config {
    /// The environment a command works in: the one that was asked for, else the first.
    /// [`domain::ErrorKind::Invalid`] when it is not configured.
    pub fn environment(&self, asked: Option<&EnvironmentName>) -> Result<EnvironmentName> {
        let names =
            || self.environments.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
        let found = match asked {
            Some(asked) => self.environments.iter().find(|name| *name == asked),
            None => self.environments.first(),
        };
        found.cloned().ok_or_else(|| {
            let asked = asked.map_or(String::new(), ToString::to_string);
            Error::invalid(format!("--env {asked} is not among the environments {}", names()))
        })
    }

    /// What the adapters of one environment need. [`domain::ErrorKind::Invalid`] when its account is not
    /// configured.
    pub fn lake(&self, environment: &EnvironmentName) -> Result<LakeConfig> {
        let in_aws = self.mode == Mode::Aws;
        Ok(LakeConfig {
            aws: in_aws.then(|| self.aws.place(environment)).transpose()?,
            data_dir: self.data_dir.clone(),
            environment: environment.clone(),
            database_url: self.database_url.as_ref().map(|url| url.expose().to_owned()),
            webhook_url: self.notifications.webhook_url.as_ref().map(|url| url.expose().to_owned()),
            targets: self.notifications.urls(),
            settings: self.engine.settings(),
            uploads: self.uploads.limits(),
        })
    }

    /// Replaces every `*_file` by the secret it holds.
    fn read_secrets(&mut self, wrong: &mut Vec<Wrong>) {
        let mut read = |key, file: &mut Option<PathBuf>, secret: &mut Option<Secret>| {
            if let Err(found) = secret::read(key, file, secret) {
                wrong.push(found);
            }
        };
        read("database_url", &mut self.database_url_file, &mut self.database_url);
        let server = &mut self.server;
        read("server.metrics_token", &mut server.metrics_token_file, &mut server.metrics_token);
        let delivery = &mut self.delivery;
        read(
            "delivery.webhook_secret",
            &mut delivery.webhook_secret_file,
            &mut delivery.webhook_secret,
        );
        let github = &mut delivery.github;
        read("delivery.github.app_key", &mut github.app_key_file, &mut github.app_key);
        read("delivery.github.token", &mut github.token_file, &mut github.token);
        let notifications = &mut self.notifications;
        read(
            "notifications.webhook_url",
            &mut notifications.webhook_url_file,
            &mut notifications.webhook_url,
        );
        for (name, target) in &mut notifications.targets {
            let key = format!("notifications.targets.{name}.webhook_url");
            let file = &target.webhook_url_file;
            wrong.extend(secret::read(key, file, &mut target.webhook_url).err());
        }
        for (name, environment) in &mut self.aws.environments {
            let key = format!("aws.environments.{name}.external_id");
            let file = &environment.external_id_file;
            wrong.extend(secret::read(key, file, &mut environment.external_id).err());
        }
        if let Err((key, message)) = self.sign_in.read_secrets() {
            wrong.push(Wrong::new(key, message));
        }
    }

    /// Commands that serve nobody need no way to sign in; one that is given must be right.
    fn check_sign_in(&self, wrong: &mut Vec<Wrong>) {
        let public_url = self.server.public_url(self.server.listen);
        let Ok(public_url) = url::Url::parse(&public_url) else { return };
        if self.sign_in.mode.is_some() {
            let found = self.sign_in.validate(&public_url).into_iter();
            let new = found.filter(|(key, _)| wrong.iter().all(|known| known.key != *key));
            let new: Vec<_> = new.map(|(key, message)| Wrong::new(key, message)).collect();
            wrong.extend(new);
        }
    }

    /// Everything that is wrong with the values.
    fn wrong(&self) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        if self.mode == Mode::Aws {
            self.aws.check(&self.environments, &mut wrong);
        }
        if self.environments.is_empty() {
            wrong.push(Wrong::new("environments", "must name at least one, such as \"dev\""));
        }
        for (index, name) in self.environments.iter().enumerate() {
            if self.environments[..index].contains(name) {
                wrong.push(Wrong::new("environments", format!("{name} stands there twice")));
            }
        }
        self.server.check(&mut wrong);
        self.check_sign_in(&mut wrong);
        self.engine.check(&mut wrong);
        self.uploads.check(&mut wrong);
        self.delivery.check(&mut wrong);
        self.notifications.check(&mut wrong);
        self.log.check(&mut wrong);
        wrong
    }
}
