//! The unit, contract and integration tests: with cargo-nextest where it is installed, else with
//! cargo's own runner.

use std::fs;
use std::io::{BufRead, BufReader};
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
    let mut skipped = Vec::new();
    let python = python::environment(workspace, &["requirements.txt"]);
    if let Err(error) = &python {
        skipped.push(format!("comparison with DuckDB: {error:#}"));
    }
    let aws = Emulator::start(workspace);
    if let Err(error) = &aws {
        skipped.push(format!("everything on AWS: {error:#}"));
    }
    let offer = |command: &mut Command| {
        match &python {
            Ok(python) => command.env(PYTHON, python),
            Err(_) => command.env_remove(PYTHON),
        };
        match &aws {
            Ok(aws) => command.env(emulator::ENDPOINT, aws.endpoint()),
            Err(_) => command.env_remove(emulator::ENDPOINT),
        };
    };
    let mut tally = match has_nextest(workspace) {
        true => with_nextest(workspace, offer)?,
        false => with_cargo(workspace, offer)?,
    };
    tally.skipped.splice(..0, skipped);
    Ok(tally)
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
    let mut tally = Tally::default();
    for line in BufReader::new(stdout).lines() {
        let line = line.context("the output of cargo test is not readable")?;
        println!("{line}");
        count(&line, &mut tally);
    }
    let status = child.wait().context("cargo test was lost")?;
    Ok(checked(tally, status.success()))
}

/// Counts one line of cargo's runner: `test result: ok. 3 passed; 0 failed; …`.
fn count(line: &str, tally: &mut Tally) {
    tally.skipped.extend(junit::skipped_lines(line));
    let Some(result) = line.strip_prefix("test result: ") else { return };
    let number = |what: &str| -> u64 {
        let words: Vec<_> = result.split([' ', ';']).collect();
        let found = words.windows(2).find(|pair| pair[1] == what);
        found.and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
    };
    tally.passed += number("passed");
    tally.failed += number("failed");
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

    #[test]
    fn lines_of_cargos_runner_are_counted() {
        let mut tally = Tally::default();
        count("test result: FAILED. 3 passed; 2 failed; 1 ignored; 0 measured", &mut tally);
        count("test result: ok. 4 passed; 0 failed; 0 ignored", &mut tally);
        count("SKIPPED postgres: initdb not found", &mut tally);
        assert_eq!((tally.passed, tally.failed), (7, 2));
        assert_eq!(tally.skipped, ["postgres: initdb not found"]);
    }

    #[test]
    fn a_runner_that_breaks_off_is_a_failure() {
        let tally = checked(Tally { passed: 3, ..Tally::default() }, false);
        assert_eq!(tally.failed, 1);
    }
}
