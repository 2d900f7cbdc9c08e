//! Where the workspace, its target folder and its cache are, and how cargo is called.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// The workspace that `cargo xtask` was called in.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
    cache: PathBuf,
}

impl Workspace {
    /// Finds the workspace. The path is asked at run time: clones that share a target folder also
    /// share this binary.
    pub(crate) fn find() -> Result<Self> {
        let root = match env::var_os("CARGO_MANIFEST_DIR") {
            Some(manifest) => Path::new(&manifest).parent().map(Path::to_path_buf),
            None => env::current_dir().ok(),
        };
        let root = root.context("no workspace here: call `cargo xtask` from within the clone")?;
        Ok(Self { root, target: target_folder()?, cache: cache_folder()? })
    }

    /// The top folder of the clone.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder that cargo builds into.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// A folder that outlives the clone: `SLUICE_CACHE_DIR`, else `~/.cache/sluice`.
    pub(crate) fn cache(&self) -> &Path {
        &self.cache
    }

    /// The `sluice` binary of a profile folder (`debug`, `release`).
    pub(crate) fn sluice(&self, profile: &str) -> PathBuf {
        self.target.join(profile).join(format!("sluice{}", env::consts::EXE_SUFFIX))
    }

    /// A cargo command in the workspace that asks nothing of anybody.
    pub(crate) fn cargo(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(args).current_dir(&self.root).stdin(Stdio::null());
        command.env("CARGO_TARGET_DIR", &self.target);
        // Set by the cargo that runs this program. Build scripts that watch them (ring's does) would
        // run again, with all that depends on them, at every change between this and a plain cargo.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        command
    }

    /// Builds the `sluice` binary, showing cargo's own progress. All features of the workspace are
    /// unified, so that what tests have built is not built again.
    pub(crate) fn build_sluice(&self, release: bool) -> Result<PathBuf> {
        let profile = if release { "release" } else { "dev" };
        let mut cargo = self.cargo(&["build", "--workspace", "--bin", "sluice"]);
        let status = cargo.args(["--profile", profile]).status().context("cannot start cargo")?;
        anyhow::ensure!(status.success(), "sluice could not be built; see cargo's messages above");
        Ok(self.sluice(if release { "release" } else { "debug" }))
    }
}

/// This program lies in `<target>/<profile>/`.
fn target_folder() -> Result<PathBuf> {
    let program = env::current_exe().context("the path of this program is not known")?;
    let target = program.ancestors().nth(2).map(Path::to_path_buf);
    target.with_context(|| format!("{} lies in no target folder", program.display()))
}

fn cache_folder() -> Result<PathBuf> {
    if let Some(folder) = env::var_os("SLUICE_CACHE_DIR").filter(|folder| !folder.is_empty()) {
        return Ok(folder.into());
    }
    let home = env::home_dir().context("no home folder: set SLUICE_CACHE_DIR")?;
    Ok(home.join(".cache").join("sluice"))
}
