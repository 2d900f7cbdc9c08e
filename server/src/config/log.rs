//! The process's own log: section `[log]`.

use serde::{Deserialize, Serialize};

use super::check::Wrong;

/// How and how much is logged, to standard error.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// Lines for people or for a collector.
    pub format: LogFormat,
    /// How much, as in `RUST_LOG` (which wins): `info`, `warn,server=debug`.
    pub level: String,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One readable line.
    #[default]
    Text,
    /// One JSON object.
    Json,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

impl LogConfig {
    pub(super) fn check(&self, wrong: &mut Vec<Wrong>) {
        if let Err(error) = tracing_subscriber::EnvFilter::try_new(&self.level) {
            let message = format!("{:?} is no filter: {error}; try \"info\"", self.level);
            wrong.push(Wrong::new("log.level", message));
        }
    }
}
