//! Targets of notifications.

mod log_file;
pub mod outbound;
mod webhook;

pub use log_file::LogFileNotifier;
pub use webhook::WebhookNotifier;
