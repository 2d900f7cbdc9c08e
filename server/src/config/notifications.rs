//! Where notifications go: section `[notifications]`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::check::{Wrong, web_address};
use super::secret::Secret;

/// Targets beside the log file in the data folder, which always gets them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NotificationsConfig {
    /// Gets every notification as JSON by POST.
    pub webhook_url: Option<Secret>,
    /// File to read the URL from.
    pub webhook_url_file: Option<PathBuf>,
}

impl NotificationsConfig {
    pub(super) fn check(&self, wrong: &mut Vec<Wrong>) {
        if let Some(url) = &self.webhook_url {
            web_address(wrong, "notifications.webhook_url", url.expose());
        }
    }
}
