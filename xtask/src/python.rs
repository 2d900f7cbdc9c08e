//! Private Python environments: for the tests and the benchmark that compare with other engines, and
//! for the checks of the templates.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::workspace::Workspace;

/// Written last; an environment without it was left half made.
const COMPLETE: &str = "complete";

/// The interpreter of an environment that holds exactly the pinned `requirements` (paths below
/// `tests/python`). Environments live in the cache, named by a hash of their requirements, and are
/// made once. The error says what is missing on this machine.
pub(crate) fn environment(workspace: &Workspace, requirements: &[&str]) -> Result<PathBuf> {
    let files = paths(workspace, requirements);
    let folder = workspace.cache().join(format!("venv-{:016x}", digest(&files)?));
    fs::create_dir_all(workspace.cache())
        .with_context(|| format!("cannot make {}", workspace.cache().display()))?;
    let lock = File::create(folder.with_extension("lock")).context("cannot lock the cache")?;
    lock.lock().context("cannot lock the cache")?;
    if !folder.join(COMPLETE).exists() {
        make(&folder, &files)?;
        fs::write(folder.join(COMPLETE), "").context("cannot finish the environment")?;
    }
    Ok(interpreter(&folder))
}

/// What the requirements pin, for people: `duckdb 2.0.0`.
pub(crate) fn pins(workspace: &Workspace, requirements: &[&str]) -> Result<Vec<String>> {
    let mut pins = Vec::new();
    for file in paths(workspace, requirements) {
        let text = fs::read_to_string(&file);
        let text = text.with_context(|| format!("cannot read {}", file.display()))?;
        let pinned = text.lines().filter_map(|line| line.split_once("=="));
        pins.extend(pinned.map(|(name, version)| format!("{} {}", name.trim(), version.trim())));
    }
    Ok(pins)
}

fn paths(workspace: &Workspace, requirements: &[&str]) -> Vec<PathBuf> {
    let folder = workspace.root().join("tests").join("python");
    requirements.iter().map(|name| folder.join(name)).collect()
}

fn digest(files: &[PathBuf]) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    for file in files {
        let text = fs::read_to_string(file);
        text.with_context(|| format!("cannot read {}", file.display()))?.hash(&mut hasher);
    }
    Ok(hasher.finish())
}

fn make(folder: &Path, requirements: &[PathBuf]) -> Result<()> {
    println!("making a Python environment in {}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot clear {}", folder.display()))?;
    }
    let made = quiet(Command::new("python3").args(["-m", "venv"]).arg(folder));
    let made = made.context("python3 was not found: install Python 3.9 or later")?;
    if !made.status.success() {
        bail!(
            "python3 -m venv failed (on Debian and Ubuntu install python3-venv): {}",
            last_line(&made)
        );
    }
    let mut pip = Command::new(interpreter(folder));
    pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]);
    for file in requirements {
        pip.arg("--requirement").arg(file);
    }
    let installed = quiet(&mut pip).context("cannot start pip")?;
    ensure!(installed.status.success(), "pip install failed: {}", last_line(&installed));
    Ok(())
}

fn quiet(command: &mut Command) -> std::io::Result<Output> {
    command.stdin(Stdio::null()).output()
}

fn interpreter(folder: &Path) -> PathBuf {
    match cfg!(windows) {
        true => folder.join("Scripts").join("python.exe"),
        false => folder.join("bin").join("python"),
    }
}

/// The last thing that a failed command said.
fn last_line(output: &Output) -> String {
    let said = [&output.stderr[..], &output.stdout[..]].concat();
    let said = String::from_utf8_lossy(&said);
    said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("no message").to_owned()
}
