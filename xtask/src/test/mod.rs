//! `cargo xtask test`: every check of the project, one after the other. A failed one does not stop
//! the next, so that one run shows all faults.

mod browser;
mod junit;
mod report;
mod suites;
mod templates;

use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use crate::wasm_target::{self, TARGET};
use crate::workspace::Workspace;
use report::{Report, Tally};

/// Runs all steps and prints the closing table. True when nothing failed.
pub(crate) fn run(workspace: &Workspace) -> Result<bool> {
    let mut report = Report::default();
    let mut step = |title: &str, work: &dyn Fn(&Workspace) -> Result<Tally>| {
        println!("\n==> {title}");
        let begin = Instant::now();
        let tally = work(workspace).unwrap_or_else(|error| Tally::failed(format!("{error:#}")));
        report.add(title, begin.elapsed(), tally);
    };
    step("format", &|workspace| check(workspace.cargo(&["fmt", "--all", "--check"])));
    step("clippy", &|workspace| check(clippy(workspace)));
    step("domain on wasm32", &wasm);
    step("templates", &templates::run);
    step("tests", &suites::run);
    step("browser", &browser::run);
    report.print();
    Ok(report.passed())
}

fn clippy(workspace: &Workspace) -> Command {
    workspace.cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
}

/// The vocabulary crate goes to the browser, so it must compile for it.
fn wasm(workspace: &Workspace) -> Result<Tally> {
    if let Err(error) = wasm_target::ensure() {
        return Ok(Tally::skipped(format!("domain on wasm32: {error:#}")));
    }
    check(workspace.cargo(&["check", "--package", "sluice-domain", "--target", TARGET]))
}

/// One command that passes or fails as a whole.
fn check(mut command: Command) -> Result<Tally> {
    let status = command.status()?;
    Ok(match status.success() {
        true => Tally { passed: 1, ..Tally::default() },
        false => Tally::failed(format!("{status}; see its messages above")),
    })
}
