//! Printing: a table for people, JSON or CSV for scripts.

use std::io::{ErrorKind as IoKind, IsTerminal, Write};

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, TableComponent, presets};
use domain::{Error, ErrorKind, Result};
use serde::Serialize;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// A table for people.
    Table,
    /// JSON for scripts.
    Json,
    /// CSV with a header.
    Csv,
}

/// Rows with a header, all text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sheet {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Sheet {
    /// An empty sheet with the given header.
    pub(super) fn new(columns: &[&str]) -> Self {
        Self { columns: columns.iter().map(|name| (*name).to_owned()).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }
}

impl Output {
    /// Prints a sheet, or `value` when JSON was asked for. `empty` is said when there are no rows.
    pub(super) fn print(self, sheet: &Sheet, value: &impl Serialize, empty: &str) -> Result<()> {
        match self {
            Self::Json => print_json(value),
            Self::Csv => say(&csv(sheet)),
            Self::Table if sheet.rows.is_empty() => say(&format!("{empty}\n")),
            Self::Table => say(&format!("{}\n", table(sheet))),
        }
    }

    /// Whether progress and remarks for people are welcome.
    pub(super) fn is_for_people(self) -> bool {
        self == Self::Table && std::io::stderr().is_terminal()
    }
}

/// Prints a value as JSON on several lines.
pub(super) fn print_json(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::internal(format!("the result is no JSON: {error}")))?;
    say(&format!("{text}\n"))
}

/// Writes to standard output. A closed pipe ends the command quietly.
pub(super) fn say(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| {
        let kind = match error.kind() {
            IoKind::BrokenPipe => ErrorKind::Cancelled,
            _ => ErrorKind::Unavailable,
        };
        Error::new(kind, format!("standard output: {error}"))
    })
}

/// A remark for the person at the terminal, on standard error.
pub(super) fn remark(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn table(sheet: &Sheet) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_style(TableComponent::HeaderLines, '─')
        .set_style(TableComponent::MiddleHeaderIntersections, ' ')
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(&sheet.columns);
    for row in &sheet.rows {
        table.add_row(row.iter().map(|cell| printable(cell)));
    }
    table
}

/// Characters of data that steer a terminal, or turn the direction of text, must not reach it.
pub(super) fn printable(text: &str) -> String {
    let turns = |ch: char| matches!(ch, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let steers = |ch: char| (ch.is_control() && ch != '\n') || turns(ch);
    text.chars().map(|ch| if steers(ch) { '\u{fffd}' } else { ch }).collect()
}

fn csv(sheet: &Sheet) -> String {
    let mut text = String::new();
    for row in std::iter::once(&sheet.columns).chain(&sheet.rows) {
        let cells: Vec<_> = row.iter().map(|cell| csv_cell(cell)).collect();
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

/// Text that a spreadsheet would take for a formula gets an apostrophe; numbers stay as they are.
fn csv_cell(cell: &str) -> String {
    let formula =
        cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err();
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", cell.replace('"', "\"\""));
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d17_formulas_are_defused_and_numbers_are_not() {
        let cases = [
            ("=1+1", "'=1+1"),
            ("-3.5", "-3.5"),
            ("-cmd|x", "'-cmd|x"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
        ];
        for (cell, expected) in cases {
            assert_eq!(csv_cell(cell), expected);
        }
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[31mb\nc\u{202e}"), "a\u{fffd}[31mb\nc\u{fffd}");
    }
}
