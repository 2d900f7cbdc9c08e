//! Collects the log lines of one attempt and stores them in batches.

use std::sync::{Arc, Mutex};

use domain::run::RunId;
use domain::run_log::{LogLevel, LogLine};
use domain::zone::Hop;
use jiff::Timestamp;

use super::RunLog;
use crate::lock;

/// Lines that wait to be stored; more are dropped while the log cannot be reached.
const MOST_WAITING: usize = 200;

/// The log of one attempt. Writing a line costs nothing; [`RunLogger::flush`] stores them.
#[derive(Debug)]
pub(super) struct RunLogger {
    log: Arc<dyn RunLog>,
    run: RunId,
    attempt: u32,
    waiting: Mutex<Vec<LogLine>>,
}

impl RunLogger {
    pub(super) fn new(log: Arc<dyn RunLog>, run: RunId, attempt: u32) -> Self {
        Self { log, run, attempt, waiting: Mutex::default() }
    }

    /// Notes what was done.
    pub(super) fn info(&self, hop: Option<Hop>, message: impl AsRef<str>) {
        self.note(LogLevel::Info, hop, message.as_ref());
    }

    /// Notes what a person should know.
    pub(super) fn warning(&self, hop: Option<Hop>, message: impl AsRef<str>) {
        self.note(LogLevel::Warning, hop, message.as_ref());
    }

    /// Notes why it did not go on.
    pub(super) fn error(&self, hop: Option<Hop>, message: impl AsRef<str>) {
        self.note(LogLevel::Error, hop, message.as_ref());
    }

    /// Stores what waits. What cannot be stored now waits on.
    pub(super) async fn flush(&self) {
        let lines = std::mem::take(&mut *lock(&self.waiting));
        if lines.is_empty() {
            return;
        }
        if let Err(error) = self.log.append(self.run, &lines).await {
            tracing::warn!(run = %self.run, %error, "lines of the run's log were not stored");
            let mut waiting = lock(&self.waiting);
            let later = std::mem::replace(&mut *waiting, lines);
            waiting.extend(later);
            waiting.truncate(MOST_WAITING);
        }
    }

    fn note(&self, level: LogLevel, hop: Option<Hop>, message: &str) {
        let mut waiting = lock(&self.waiting);
        if waiting.len() < MOST_WAITING {
            waiting.push(LogLine::new(Timestamp::now(), level, self.attempt, hop, message));
        }
    }
}
