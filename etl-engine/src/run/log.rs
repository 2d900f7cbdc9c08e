//! The run log port: what happened in a run, line by line, for people.
//!
//! Architecture invariant: the log decides nothing. What the engine acts on is in the run ledger; a
//! line that cannot be stored is lost and the run goes on.

use async_trait::async_trait;
use domain::Result;
use domain::run::RunId;
use domain::run_log::{LogLevel, LogLine, MOST_LINES};
use jiff::Timestamp;

/// The logs of the runs of one environment.
#[async_trait]
pub trait RunLog: Send + Sync + std::fmt::Debug {
    /// Adds lines to the log of a run and numbers them. At most [`MOST_LINES`] are kept, the last of
    /// which says that there were more. [`domain::ErrorKind::NotFound`] when the run is not there.
    async fn append(&self, run: RunId, lines: &[LogLine]) -> Result<()>;

    /// Lines of a run with numbers above `after`, in order, at most `limit`.
    async fn lines(&self, run: RunId, after: u64, limit: usize) -> Result<Vec<LogLine>>;
}

/// The lines as they are stored after `last`, the number of the last one that is there.
pub fn numbered(lines: &[LogLine], last: u64) -> Vec<LogLine> {
    let mut stored = Vec::with_capacity(lines.len());
    for (line, sequence) in lines.iter().zip(last + 1..=MOST_LINES) {
        let line = LogLine { sequence, ..line.clone() };
        stored.push(if sequence == MOST_LINES { cut_off(&line) } else { line });
    }
    stored
}

fn cut_off(line: &LogLine) -> LogLine {
    let message = format!("more than {MOST_LINES} lines: no further ones are kept");
    let warning = LogLine::new(line.at, LogLevel::Warning, line.attempt, line.hop, &message);
    LogLine { sequence: line.sequence, ..warning }
}

/// A line about what a person did to a run, outside of any attempt's work.
pub(super) fn remark(level: LogLevel, attempt: u32, message: &str) -> LogLine {
    LogLine::new(Timestamp::now(), level, attempt, None, message)
}
