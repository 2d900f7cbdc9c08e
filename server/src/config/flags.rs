//! Settings that stand on the command line or in variables.

use std::path::PathBuf;

use domain::environment::EnvironmentName;
use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

/// Flags of every command.
#[derive(Debug, Clone, clap::Args)]
pub struct ConfigFlags {
    /// Configuration file; without it `sluice-server.toml` in the data folder or in the current
    /// one, if there is any.
    #[arg(long, global = true, env = "SLUICE_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Folder that holds the lake: its zones and, unless --database-url is given, its database.
    /// Without it SLUICE_DATA_DIR, else `sluice-data`.
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// Environment to work in; the first of the configured ones when absent. A worker without it
    /// works in all of them.
    #[arg(long = "env", global = true, env = "SLUICE_ENV", value_name = "NAME")]
    pub environment: Option<EnvironmentName>,

    /// Database of the lake's state, `sqlite:///…` or `postgres://…`; without it
    /// SLUICE_DATABASE_URL, else a file in the data folder.
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,

    /// Where to send notifications beside the log file, as JSON by POST; without it
    /// SLUICE_WEBHOOK_URL.
    #[arg(long, global = true, value_name = "URL")]
    pub webhook_url: Option<String>,
}

impl ConfigFlags {
    /// The flags as settings.
    pub(super) fn given(&self) -> Vec<Given> {
        let data_dir = self.data_dir.as_ref().map(|path| path.display().to_string());
        let flags = [
            Given::flag("--data-dir", "data_dir", data_dir),
            Given::flag("--database-url", "database_url", self.database_url.clone()),
            Given::flag("--webhook-url", "notifications.webhook_url", self.webhook_url.clone()),
        ];
        flags.into_iter().flatten().collect()
    }
}

/// One setting with its origin.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// The key, as in the file.
    pub(super) key: String,
    value: Value,
    from: String,
    /// Whether everything else wins over it.
    pub(super) is_default: bool,
}

impl Given {
    /// A flag, if it was given.
    pub fn flag(name: &str, key: &str, value: Option<impl Into<Value>>) -> Option<Self> {
        let from = format!("the flag {name}");
        value.map(|value| Self {
            key: key.to_owned(),
            value: value.into(),
            from,
            is_default: false,
        })
    }

    /// What a command sets unless anything else does, such as the demo's way to sign in.
    pub fn preset(command: &str, key: &str, value: impl Into<Value>) -> Self {
        let from = format!("`sluice {command}`");
        Self { key: key.to_owned(), value: value.into(), from, is_default: true }
    }

    /// The value, if it is text.
    pub(super) fn text(&self) -> Option<&str> {
        self.value.as_str()
    }

    /// A variable of the environment, if it is a setting: `SLUICE_ENGINE__CONCURRENCY` is
    /// `engine.concurrency`.
    pub(super) fn variable(name: &str, text: &str) -> Option<Self> {
        let rest = name.strip_prefix("SLUICE_").filter(|_| !is_no_setting(name))?;
        let key = match rest {
            "WEBHOOK_URL" => "notifications.webhook_url".to_owned(),
            "LEASE_SECONDS" => "engine.lease_seconds".to_owned(),
            _ => rest.to_lowercase().replace("__", "."),
        };
        // Text stays text, so that a secret of digits is no number; numbers are read from text.
        let value = match text.starts_with('[') {
            true => text.parse().unwrap_or_else(|_| Value::from(text)),
            false => Value::from(text),
        };
        Some(Self { key, value, from: format!("the variable {name}"), is_default: false })
    }
}

/// Variables of Sluice that are no settings of the server.
fn is_no_setting(name: &str) -> bool {
    const OTHERS: [&str; 6] = [
        "SLUICE_CONFIG",
        "SLUICE_ENV",
        "SLUICE_ACTOR",
        "SLUICE_FAILPOINT",
        "SLUICE_CACHE_DIR",
        "SLUICE_TARGET_DIR",
    ];
    OTHERS.contains(&name) || name.starts_with("SLUICE_TEST_")
}

impl Provider for Given {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.from.clone())
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        let nested = figment::util::nest(&self.key, self.value.clone());
        let dict = nested.into_dict().unwrap_or_default();
        Ok(Profile::Default.collect(dict))
    }
}
