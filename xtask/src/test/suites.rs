//! The unit, contract and integration tests: with cargo-nextest where it is installed, else with
//! cargo's own runner.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::junit;
use super::report::Tally;
use crate::emulator::{self, Emulator};
use crate::python;
use crate::workspace::Workspace;

/// Names the Python with DuckDB to the tests; absent when there is none.
const PYTHON: &str = "SLUICE_TEST_PYTHON";

/// Builds and runs all tests.
pub(super) fn run(workspace: &Workspace) -> Result<Tally> {
    let mut before = Tally::default();
    let python = python::environment(workspace, &["requirements.txt"]);
    if let Err(error) = &python {
        before.skipped.push(format!("comparison with DuckDB: {error:#}"));
    }
    let start = |python: &Path| Emulator::start_in(workspace, python);
    let aws = started(Emulator::python(workspace), start, &mut before);
    let offer = |command: &mut Command| {
        match &python {
            Ok(python) => command.env(PYTHON, python),
            Err(_) => command.env_remove(PYTHON),
        };
        match &aws {
            Some(aws) => command.env(emulator::ENDPOINT, aws.endpoint()),
            None => command.env_remove(emulator::ENDPOINT),
        };
    };
    let tests = match has_nextest(workspace) {
        true => with_nextest(workspace, offer)?,
        false => with_cargo(workspace, offer)?,
    };
    Ok(together(before, tests))
}

/// An emulator of AWS, if this machine has the Python for it. One that could run and does not is a failure:
/// without it nothing on AWS is tested.
fn started<T>(
    python: Result<PathBuf>,
    start: impl FnOnce(&Path) -> Result<T>,
    tally: &mut Tally,
) -> Option<T> {
    let about = |error: anyhow::Error| format!("everything on AWS: {error:#}");
    let python = match python {
        Ok(python) => python,
        Err(error) => {
            tally.skipped.push(about(error));
            return None;
        }
    };
    match start(&python) {
        Ok(emulator) => Some(emulator),
        Err(error) => {
            tally.failed += 1;
            tally.note = Some(about(error));
            None
        }
    }
}

/// What was found before the tests, and what they found.
fn together(before: Tally, tests: Tally) -> Tally {
    let notes: Vec<_> = [before.note, tests.note].into_iter().flatten().collect();
    Tally {
        passed: before.passed + tests.passed,
        failed: before.failed + tests.failed,
        skipped: [before.skipped, tests.skipped].concat(),
        note: (!notes.is_empty()).then(|| notes.join("; ")),
    }
}

fn has_nextest(workspace: &Workspace) -> bool {
    let asked = workspace.cargo(&["nextest", "--version"]).output();
    asked.is_ok_and(|answer| answer.status.success())
}

fn with_nextest(workspace: &Workspace, offer: impl Fn(&mut Command)) -> Result<Tally> {
    // cargo-nextest keeps its reports in the clone, wherever cargo builds.
    let report = workspace.root().join("target/nextest/default/junit.xml");
    if report.exists() {
        fs::remove_file(&report).context("cannot remove the report of the last run")?;
    }
    let mut nextest = workspace.cargo(&["nextest", "run", "--workspace"]);
    offer(&mut nextest);
    let status = nextest.status().context("cannot start cargo nextest")?;
    let tally = fs::read_to_string(&report).ok().and_then(|text| junit::tally(&text));
    match tally {
        Some(tally) => Ok(checked(tally, status.success())),
        None => bail!("the tests did not run ({status}); see cargo's messages above"),
    }
}

/// As cargo-nextest, but all tests of a binary share a process and output is told apart less well.
fn with_cargo(workspace: &Workspace, offer: impl Fn(&mut Command)) -> Result<Tally> {
    let mut cargo = workspace.cargo(&["test", "--workspace", "--lib", "--bins", "--tests"]);
    cargo.args(["--no-fail-fast", "--", "--show-output"]).stdout(Stdio::piped());
    offer(&mut cargo);
    let mut child = cargo.spawn().context("cannot start cargo test")?;
    let stdout = child.stdout.take().context("cargo test has no output")?;
    let mut counts = Counts::default();
    for line in BufReader::new(stdout).lines() {
        let line = line.context("the output of cargo test is not readable")?;
        println!("{line}");
        counts.read(&line);
    }
    let status = child.wait().context("cargo test was lost")?;
    Ok(checked(counts.tally, status.success()))
}

/// What cargo's runner says, line by line.
#[derive(Debug, Default)]
struct Counts {
    tally: Tally,
    /// Whether what comes now was said by tests that did not fail.
    successes: bool,
    /// Whether the next SKIPPED is the first of a test that did not fail.
    is_first: bool,
    /// Tests of this binary that did not fail and said SKIPPED.
    left_out: u64,
}

impl Counts {
    /// The output of each test follows `---- its name stdout ----`; `test result: ok. 3 passed; 0 failed;
    /// …` comes last.
    fn read(&mut self, line: &str) {
        match line {
            "successes:" => self.successes = true,
            "failures:" => self.successes = false,
            _ if line.starts_with("---- ") => self.is_first = self.successes,
            _ => {}
        }
        let reasons = junit::skipped_lines(line);
        if self.is_first && !reasons.is_empty() {
            self.is_first = false;
            self.left_out += 1;
        }
        self.tally.skipped.extend(reasons);
        if let Some(result) = line.strip_prefix("test result: ") {
            let left_out = std::mem::take(&mut self.left_out);
            self.tally.passed += number(result, "passed").saturating_sub(left_out);
            self.tally.failed += number(result, "failed");
            (self.successes, self.is_first) = (false, false);
        }
    }
}

/// The number before a word.
fn number(result: &str, what: &str) -> u64 {
    let words: Vec<_> = result.split([' ', ';']).collect();
    let found = words.windows(2).find(|pair| pair[1] == what);
    found.and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
}

/// A runner that fails without a failed test did not run all of them.
pub(super) fn checked(mut tally: Tally, success: bool) -> Tally {
    if !success && tally.failed == 0 {
        tally.failed = 1;
        tally.note = Some("the runner failed; see its messages above".to_owned());
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
test a ... ok
test b ... FAILED

successes:

---- a stdout ----
SKIPPED postgres: initdb not found
SKIPPED second: absent

---- c stdout ----
it was not SKIPPED at all

successes:
    a
    c

failures:

---- b stdout ----
SKIPPED third: absent

failures:
    b

test result: FAILED. 3 passed; 2 failed; 1 ignored; 0 measured
test result: ok. 4 passed; 0 failed; 0 ignored";

    #[test]
    fn lines_of_cargos_runner_are_counted_and_who_left_something_out_has_not_passed() {
        let mut counts = Counts::default();
        OUTPUT.lines().for_each(|line| counts.read(line));
        let tally = counts.tally;
        assert_eq!((tally.passed, tally.failed), (6, 2));
        assert_eq!(
            tally.skipped,
            ["postgres: initdb not found", "second: absent", "third: absent"]
        );
    }

    #[test]
    fn an_emulator_that_cannot_run_here_is_skipped_and_one_that_does_not_start_has_failed() {
        let mut tally = Tally::default();
        let missing = Err(anyhow::anyhow!("python3 was not found"));
        assert_eq!(started(missing, |_| Ok(()), &mut tally), None);
        assert_eq!(tally, Tally::skipped("everything on AWS: python3 was not found"));

        let mut tally = Tally::default();
        let start = |_: &Path| -> Result<()> { bail!("it ended at once") };
        assert_eq!(started(Ok("python".into()), start, &mut tally), None);
        assert_eq!(tally, Tally::failed("everything on AWS: it ended at once"));

        let tests = Tally { passed: 3, ..Tally::failed("the runner failed") };
        let all = together(tally, tests);
        assert_eq!((all.passed, all.failed), (3, 2));
        let note = "everything on AWS: it ended at once; the runner failed";
        assert_eq!(all.note.as_deref(), Some(note));
    }

    #[test]
    fn a_runner_that_breaks_off_is_a_failure() {
        let tally = checked(Tally { passed: 3, ..Tally::default() }, false);
        assert_eq!(tally.failed, 1);
    }
}
