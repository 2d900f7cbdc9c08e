//! The browser tests: Playwright's runner in Debian's Chromium against the real binary.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::report::Tally;
use crate::workspace::Workspace;
use crate::{node, site};

/// Builds what is needed and runs all browser tests.
pub(super) fn run(workspace: &Workspace) -> Result<Tally> {
    let Some(chromium) = chromium() else {
        return Ok(Tally::skipped("browser tests: no Chromium, and no right to install Debian's"));
    };
    let site = site::build(workspace, false)?;
    let sluice = workspace.build_sluice(false)?;
    let packages = node::packages(workspace)?;
    let output = workspace.target().join("browser");
    let report = output.with_extension("json");
    if report.exists() {
        fs::remove_file(&report).context("cannot remove the report of the last run")?;
    }
    let status = node::node(workspace)
        .arg(packages.join("@playwright/test/cli.js"))
        .args(["test", "--config", "tests/browser/playwright.config.mjs"])
        .env("SLUICE_BIN", sluice)
        .env("SLUICE_SITE", site)
        .env("SLUICE_CHROMIUM", chromium)
        .env("SLUICE_BROWSER_OUTPUT", output)
        .env("SLUICE_BROWSER_REPORT", &report)
        .status()
        .context("cannot start node")?;
    match fs::read_to_string(&report).ok().and_then(|text| tally(&text)) {
        Some(tally) => Ok(super::suites::checked(tally, status.success())),
        None => bail!("the browser tests did not run ({status}); see the messages above"),
    }
}

/// Debian's Chromium; installed when this user may.
fn chromium() -> Option<PathBuf> {
    let known = Path::new("/usr/bin/chromium");
    if !known.exists() {
        println!("Installing Debian's Chromium");
        let apt = |args: &[&str]| {
            let mut command = Command::new("apt-get");
            let command = command.args(args).env("DEBIAN_FRONTEND", "noninteractive");
            command.stdin(Stdio::null()).stdout(Stdio::null()).status().is_ok_and(|s| s.success())
        };
        // The lists of a new machine may be old or absent.
        let _ = apt(&["update", "-qq"]) && apt(&["install", "-y", "-qq", "chromium"]);
    }
    known.exists().then(|| known.to_owned())
}

/// Counts of Playwright's JSON report. A test that passed at the second attempt has failed once.
fn tally(report: &str) -> Option<Tally> {
    let report: Value = serde_json::from_str(report).ok()?;
    let count = |name: &str| report["stats"][name].as_u64();
    let skipped = count("skipped")?;
    Some(Tally {
        passed: count("expected")?,
        failed: count("unexpected")? + count("flaky")?,
        skipped: (0..skipped).map(|_| "a browser test".to_owned()).collect(),
        note: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_the_report() {
        let report = r#"{"stats":{"expected":5,"unexpected":1,"flaky":1,"skipped":1}}"#;
        let tally = tally(report).unwrap();
        assert_eq!((tally.passed, tally.failed, tally.skipped.len()), (5, 2, 1));
    }

    #[test]
    fn something_else_is_no_report() {
        assert_eq!(tally("{}"), None);
    }
}
