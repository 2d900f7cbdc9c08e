//! What the steps found, and the closing table.

use std::time::Duration;

/// What one step found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Checks that passed.
    pub(super) passed: u64,
    /// Checks that failed.
    pub(super) failed: u64,
    /// What could not be checked on this machine, and why.
    pub(super) skipped: Vec<String>,
    /// What to say about a failure.
    pub(super) note: Option<String>,
}

impl Tally {
    /// One failure.
    pub(super) fn failed(note: impl Into<String>) -> Self {
        Self { failed: 1, note: Some(note.into()), ..Self::default() }
    }

    /// One thing that could not be checked.
    pub(super) fn skipped(reason: impl Into<String>) -> Self {
        Self { skipped: vec![reason.into()], ..Self::default() }
    }

    fn verdict(&self) -> &'static str {
        match (self.failed, self.passed) {
            (1.., _) => "FAILED",
            (0, 0) => "SKIPPED",
            (0, _) => "ok",
        }
    }
}

/// All steps so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    steps: Vec<(String, Duration, Tally)>,
}

impl Report {
    /// Adds a finished step.
    pub(super) fn add(&mut self, title: &str, took: Duration, tally: Tally) {
        println!("{title}: {} after {:.1} s", tally.verdict(), took.as_secs_f64());
        self.steps.push((title.to_owned(), took, tally));
    }

    /// Whether nothing failed.
    pub(super) fn passed(&self) -> bool {
        self.steps.iter().all(|(_, _, tally)| tally.failed == 0)
    }

    /// Prints what was skipped, the table, and last of all the counts.
    pub(super) fn print(&self) {
        println!();
        for reason in self.steps.iter().flat_map(|(_, _, tally)| &tally.skipped) {
            println!("SKIPPED {reason}");
        }
        for line in self.table() {
            println!("{line}");
        }
        println!("\n{}", self.counts());
    }

    fn table(&self) -> Vec<String> {
        let header = format!(
            "{:<18} {:<8} {:>9} {:>7} {:>7} {:>8}",
            "step", "result", "seconds", "passed", "failed", "skipped"
        );
        let rows = self.steps.iter().map(|(title, took, tally)| {
            let row = format!(
                "{title:<18} {:<8} {:>9.1} {:>7} {:>7} {:>8}",
                tally.verdict(),
                took.as_secs_f64(),
                tally.passed,
                tally.failed,
                tally.skipped.len()
            );
            match &tally.note {
                Some(note) => format!("{row}  {note}"),
                None => row,
            }
        });
        std::iter::once(header).chain(rows).collect()
    }

    fn counts(&self) -> String {
        let sum = |count: fn(&Tally) -> u64| -> u64 {
            self.steps.iter().map(|(_, _, tally)| count(tally)).sum()
        };
        format!(
            "{} passed, {} failed, {} skipped",
            sum(|tally| tally.passed),
            sum(|tally| tally.failed),
            sum(|tally| tally.skipped.len() as u64)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_all_steps() {
        let mut report = Report::default();
        let second = Duration::from_secs(1);
        report.add("format", second, Tally { passed: 1, ..Tally::default() });
        report.add("tests", second, Tally { passed: 40, failed: 2, ..Tally::default() });
        report.add("wasm", second, Tally::skipped("no target"));
        assert_eq!(report.counts(), "41 passed, 2 failed, 1 skipped");
        assert!(!report.passed());
        assert!(report.table()[3].contains("SKIPPED"));
    }
}
