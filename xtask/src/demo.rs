//! `cargo xtask demo`: build, then become `sluice demo`.

use std::process::Command;

use anyhow::{Context, Result};

use crate::site;
use crate::workspace::Workspace;

/// Builds `sluice` and the console's files and runs `sluice demo` with `args`, which ends in a link.
/// False when the demo failed.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<bool> {
    if !workspace.sluice("debug").exists() {
        println!(
            "Building Sluice. The first time this compiles the query engine: about ten minutes on \
             two cores.\nLater builds take seconds to a minute."
        );
    }
    if !args.iter().any(|arg| arg == "--no-serve") {
        site::build(workspace, false)?;
    }
    let sluice = workspace.build_sluice(false)?;
    let mut demo = Command::new(&sluice);
    demo.arg("demo").args(args);
    become_process(demo).with_context(|| format!("cannot run {}", sluice.display()))
}

/// Replaces this process, so that signals and the terminal belong to the demo alone.
#[cfg(unix)]
fn become_process(mut command: Command) -> std::io::Result<bool> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

#[cfg(not(unix))]
fn become_process(mut command: Command) -> std::io::Result<bool> {
    Ok(command.status()?.success())
}
