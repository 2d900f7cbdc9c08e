//! `sluice config`: what is configured, and where each value came from.

use std::process::ExitCode;

use clap::Subcommand;
use domain::Result;

use super::output::{Output, Sheet};
use crate::config::Loaded;

/// Show and check the configuration.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Check the configuration and show what is in effect, secrets hidden.
    Check,
}

impl ConfigCommand {
    /// Whoever comes here has a configuration without faults: others were refused before.
    pub(super) fn run(self, loaded: &Loaded, output: Output) -> Result<ExitCode> {
        let Self::Check = self;
        let entries = loaded.entries();
        let mut sheet = Sheet::new(&["key", "value", "from"]);
        for entry in &entries {
            let value = match &entry.value {
                serde_json::Value::Null => "(not set)".to_owned(),
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            sheet.row([entry.key.clone(), value, entry.from.clone()]);
        }
        output.print(&sheet, &entries, "")?;
        Ok(ExitCode::SUCCESS)
    }
}
