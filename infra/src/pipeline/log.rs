//! Numbers of log lines, and their bound.

use domain::pipeline::{MOST_LINES, StageLine};
use domain::run_log::LogLevel;

/// The lines as they are stored after `last`, the number of the last one that is there.
pub fn numbered(lines: &[StageLine], last: u64) -> Vec<StageLine> {
    let number = |(line, sequence): (&StageLine, u64)| {
        let line = if sequence == MOST_LINES { cut_off(line) } else { line.clone() };
        StageLine { sequence, ..line }
    };
    lines.iter().zip(last + 1..=MOST_LINES).map(number).collect()
}

fn cut_off(line: &StageLine) -> StageLine {
    let message = format!("more than {MOST_LINES} lines: no further ones are kept");
    StageLine::new(line.at, LogLevel::Warning, line.stage, line.attempt, &message)
}
