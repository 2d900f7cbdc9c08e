//! What happened in a run, line by line.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::zone::Hop;

/// Most lines that are kept of a run; the last one says that there were more.
pub const MOST_LINES: u64 = 1_000;
/// Longest message, in characters.
const MOST_CHARACTERS: usize = 2_000;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// What was done.
    Info,
    /// Something to know: a repeat, a wait, a recomputation.
    Warning,
    /// Why it did not go on.
    Error,
}

impl LogLevel {
    /// The name as people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One line of a run's log. Never raw rows, SQL or secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogLine {
    /// Its number in the run, from 1; 0 before it is stored.
    pub sequence: u64,
    /// When.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub at: Timestamp,
    /// How much it matters.
    pub level: LogLevel,
    /// In which attempt.
    pub attempt: u32,
    /// In which hop, if in one.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub hop: Option<Hop>,
    /// What happened: one line, whatever names of files it repeats.
    pub message: String,
}

impl LogLine {
    /// A line that is not stored yet.
    pub fn new(
        at: Timestamp,
        level: LogLevel,
        attempt: u32,
        hop: Option<Hop>,
        message: &str,
    ) -> Self {
        Self { sequence: 0, at, level, attempt, hop, message: one_line(message) }
    }
}

/// Text that cannot pretend to be several lines, nor turn the order of what follows: control
/// characters and those that steer writing directions are written out.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(MOST_CHARACTERS));
    for (number, ch) in text.chars().enumerate() {
        if number == MOST_CHARACTERS {
            line.push('…');
            break;
        }
        let steers = matches!(ch, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if ch.is_control() || steers {
            line.extend(ch.escape_default());
        } else {
            line.push(ch);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d14_a_file_name_cannot_forge_a_line() {
        let message = "read a\n2026-01-01 INFO all is well\u{1b}[2J\u{202e}.csv";
        let line = LogLine::new(Timestamp::UNIX_EPOCH, LogLevel::Info, 1, None, message);
        assert_eq!(line.message, "read a\\n2026-01-01 INFO all is well\\u{1b}[2J\\u{202e}.csv");
    }

    #[test]
    fn a_message_is_bounded() {
        let message = "é".repeat(MOST_CHARACTERS + 5);
        let line = LogLine::new(Timestamp::UNIX_EPOCH, LogLevel::Info, 1, None, &message);
        assert_eq!(line.message.chars().count(), MOST_CHARACTERS + 1);
    }
}
