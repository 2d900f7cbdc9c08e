//! Targets of notifications.

mod log_file;
mod outbound;
mod webhook;

pub use log_file::LogFileNotifier;
pub use webhook::WebhookNotifier;
