//! The checks of `infra/templates`: cfn-lint and our own rules, in a private Python environment.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::report::Tally;
use super::suites;
use crate::python;
use crate::workspace::Workspace;

/// Runs all checks; they are Python's own unit tests.
pub(super) fn run(workspace: &Workspace) -> Result<Tally> {
    let python = match python::environment(workspace, &["templates-requirements.txt"]) {
        Ok(python) => python,
        Err(error) => return Ok(Tally::skipped(format!("templates: {error:#}"))),
    };
    let output = Command::new(python)
        .args(["-m", "unittest", "discover", "--start-directory", "tests/python/templates"])
        .current_dir(workspace.root())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .output()
        .context("cannot start Python")?;
    let said = String::from_utf8_lossy(&output.stderr);
    println!("{}", said.trim());
    match tally(&said) {
        Some(tally) => Ok(suites::checked(tally, output.status.success())),
        None => bail!("the checks did not run ({}); see the messages above", output.status),
    }
}

/// Counts of the last lines of `unittest`: `Ran 140 tests in 8.1s`, `FAILED (failures=1)`.
fn tally(said: &str) -> Option<Tally> {
    let ran = said.lines().rev().find_map(|line| line.strip_prefix("Ran "))?;
    let ran: u64 = ran.split(' ').next()?.parse().ok()?;
    let verdict = said.lines().rev().find(|line| !line.trim().is_empty())?;
    let count = |what: &str| -> u64 {
        let value = verdict.split(&format!("{what}=")).nth(1);
        let digits = value.and_then(|value| value.split([',', ')']).next());
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    };
    let failed = count("failures") + count("errors");
    let skipped = count("skipped");
    Some(Tally {
        passed: ran.saturating_sub(failed + skipped),
        failed,
        skipped: (0..skipped).map(|_| "a check of the templates".to_owned()).collect(),
        note: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_the_last_lines() {
        let said =
            "F.E\n-----\nRan 140 tests in 8.1s\n\nFAILED (failures=1, errors=2, skipped=3)\n";
        let tally = tally(said).unwrap();
        assert_eq!((tally.passed, tally.failed, tally.skipped.len()), (134, 3, 3));
    }

    #[test]
    fn all_that_ran_passed_when_it_says_ok() {
        let tally = tally("..\nRan 2 tests in 0.1s\n\nOK\n").unwrap();
        assert_eq!((tally.passed, tally.failed), (2, 0));
    }

    #[test]
    fn something_else_is_no_report() {
        assert_eq!(tally("No module named unittest"), None);
    }
}
