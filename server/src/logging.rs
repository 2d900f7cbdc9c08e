//! The process's own log: structured, to standard error, one event a line.
//!
//! Architecture invariant: what a stranger sends cannot begin a new line or move the cursor: every
//! control character of an event is escaped. Never logged: file contents and raw rows, SQL text,
//! query strings, cookies, tokens, the URLs of databases and webhooks.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::{LogConfig, LogFormat};

/// Starts logging. `RUST_LOG` wins over the configuration; commands that are no service say nothing
/// but errors unless it is set.
pub(crate) fn start(config: &LogConfig, service: bool) {
    let level = if service { config.level.as_str() } else { "error" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(Escaped)
        .with_ansi(false)
        .with_target(false);
    // A second start, as in tests, keeps the first.
    let _ = match config.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if service {
        log_panics();
    }
}

/// Panics become events like all others: the usual report of them is free text on several lines.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let what = panic.payload_as_str().unwrap_or("something that is no text");
        tracing::error!(place, what, "a task panicked");
    }));
}

/// Standard error, with control characters escaped. The formatter writes one event at a time.
#[derive(Debug, Clone, Copy)]
struct Escaped;

impl<'a> MakeWriter<'a> for Escaped {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}

impl Write for Escaped {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        io::stderr().lock().write_all(line(event).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// An event as exactly one line.
fn line(event: &[u8]) -> String {
    let text = String::from_utf8_lossy(event);
    let body = text.strip_suffix('\n').unwrap_or(&text);
    let mut line = String::with_capacity(body.len() + 1);
    for ch in body.chars() {
        match ch {
            // Unicode's own line ends are no control characters.
            '\u{2028}' | '\u{2029}' => line.extend(ch.escape_unicode()),
            ch if ch.is_control() => line.extend(ch.escape_default()),
            ch => line.push(ch),
        }
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d14_an_event_is_one_line_whatever_it_holds() {
        let forged = "path=/x\n2026-01-01 ERROR forged\r\u{1b}[2J\u{2028}end\n";
        let line = line(forged.as_bytes());
        assert_eq!(line.matches('\n').count(), 1);
        assert!(line.ends_with('\n') && !line.contains(['\r', '\u{1b}', '\u{2028}']), "{line:?}");
        assert!(line.contains("\\n2026-01-01 ERROR forged"), "{line}");
    }

    #[test]
    fn ordinary_text_stays_as_it_is() {
        assert_eq!(line("grüße, 5 µs\n".as_bytes()), "grüße, 5 µs\n");
    }
}
