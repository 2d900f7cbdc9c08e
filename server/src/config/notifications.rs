//! Where notifications go: section `[notifications]`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use domain::notification::USUAL_TARGET;
use serde::{Deserialize, Serialize};

use super::check::{Wrong, web_address};
use super::secret::Secret;

/// Targets beside the log file in the data folder, which always gets them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NotificationsConfig {
    /// Gets every notification as JSON by POST, until a release says who is told: then it is the target
    /// `webhook`.
    pub webhook_url: Option<Secret>,
    /// File to read the URL from.
    pub webhook_url_file: Option<PathBuf>,
    /// More targets, by the names that `[[notifications]]` of `sluice.toml` know them by.
    pub targets: BTreeMap<String, TargetConfig>,
}

/// One more target.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TargetConfig {
    /// Gets what routes send there, as JSON by POST.
    pub webhook_url: Option<Secret>,
    /// File to read the URL from.
    pub webhook_url_file: Option<PathBuf>,
}

impl NotificationsConfig {
    pub(super) fn check(&self, wrong: &mut Vec<Wrong>) {
        if let Some(url) = &self.webhook_url {
            web_address(wrong, "notifications.webhook_url", url.expose());
        }
        for (name, target) in &self.targets {
            let key = format!("notifications.targets.{name}.webhook_url");
            match &target.webhook_url {
                _ if name == USUAL_TARGET => {
                    let message = "is what notifications.webhook_url is called: take another name";
                    wrong.push(Wrong::new(key, message));
                }
                Some(url) => web_address(wrong, key, url.expose()),
                None => wrong.push(Wrong::new(key, "is missing: say where to tell")),
            }
        }
    }

    /// The addresses of the further targets.
    pub(super) fn urls(&self) -> BTreeMap<String, String> {
        let url = |target: &TargetConfig| Some(target.webhook_url.as_ref()?.expose().to_owned());
        let targets = self.targets.iter();
        targets.filter_map(|(name, target)| Some((name.clone(), url(target)?))).collect()
    }
}
