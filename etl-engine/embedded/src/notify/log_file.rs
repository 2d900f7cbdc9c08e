//! Notifications as lines of a file.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use domain::notification::Notification;
use domain::{Error, ErrorKind, Result};
use etl_engine::notify::Notifier;

use crate::store::sync_folder;
use database::columns::to_json;

/// Appends each notification as one JSON object a line. JSON escapes line ends, so that no text in a
/// notification can forge a line.
#[derive(Debug, Clone)]
pub struct LogFileNotifier {
    path: PathBuf,
}

impl LogFileNotifier {
    /// Appends to the file at `path`, which is created with the first notification.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

#[async_trait]
impl Notifier for LogFileNotifier {
    fn name(&self) -> &str {
        "log file"
    }

    async fn deliver(&self, notification: &Notification) -> Result<()> {
        let line = to_json(notification)? + "\n";
        let path = self.path.clone();
        let appended = tokio::task::spawn_blocking(move || append(&path, &line)).await;
        appended.map_err(|error| Error::internal(error.to_string()))?.map_err(|error| {
            let path = self.path.display();
            let message = format!("notifications cannot be appended to {path}: {error}; check it");
            Error::new(ErrorKind::Unavailable, message).with_source(error)
        })
    }
}

/// One write per line, so that lines of several processes do not mix.
fn append(path: &Path, line: &str) -> std::io::Result<()> {
    let is_new = !path.exists();
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(line.as_bytes())?;
    file.sync_all()?;
    if is_new { sync_folder(path.parent().unwrap_or(path)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use etl_engine::testing::sample;

    #[tokio::test]
    async fn d14_each_notification_is_one_line_whatever_it_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notifications.jsonl");
        let notifier = LogFileNotifier::new(&path);
        let mut notification = Notification {
            id: "1".into(),
            subject: "failed\n{\"id\":\"forged\"}\r\u{2028}".into(),
            event: None,
            source_system: None,
            body: serde_json::json!({"key": "a\nb"}),
            created_at: sample::at(0),
        };
        notifier.deliver(&notification).await.unwrap();
        notification.id = "2".into();
        notifier.deliver(&notification).await.unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let read: Vec<Notification> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read.len(), 2);
        assert_eq!(read[1], notification);
    }

    #[tokio::test]
    async fn b15_a_file_that_cannot_be_written_is_unavailable() {
        let folder = tempfile::tempdir().unwrap();
        let notifier = LogFileNotifier::new(folder.path());
        let notification = Notification {
            id: "1".into(),
            subject: String::new(),
            event: None,
            source_system: None,
            body: serde_json::Value::Null,
            created_at: sample::at(0),
        };
        let error = notifier.deliver(&notification).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
}
