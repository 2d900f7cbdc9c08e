//! The npm packages of the project: installed from the lock file when it changed.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::workspace::Workspace;

/// The folder of the installed packages. Installs them on first use and after changes of the lock
/// file; npm itself writes the file that tells.
pub(crate) fn packages(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.root().join("node_modules");
    let time = |path: PathBuf| fs::metadata(path).and_then(|data| data.modified()).ok();
    let installed = time(folder.join(".package-lock.json"));
    let locked = time(workspace.root().join("package-lock.json"));
    if installed.is_none() || installed < locked {
        println!("Installing npm packages");
        let status = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(workspace.root())
            .stdin(Stdio::null())
            .status()
            .context("npm is needed to build the console: install Node.js 20 or newer")?;
        ensure!(status.success(), "npm ci failed; see its messages above");
    }
    Ok(folder)
}

/// A `node` command in the workspace.
pub(crate) fn node(workspace: &Workspace) -> Command {
    let mut command = Command::new("node");
    command.current_dir(workspace.root()).stdin(Stdio::null());
    command
}
