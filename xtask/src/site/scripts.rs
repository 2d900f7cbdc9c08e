//! Scripts, made small by esbuild from npm: those of `web/` (custom elements, bundled) and those that
//! load the module.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::Asset;

/// All scripts, sorted, to know whether the bundle must be made again.
pub(super) fn files(web: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(web).with_context(|| format!("no {}", web.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "js") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The SQL editor in one file.
pub(super) fn editor(web: &Path, packages: &Path) -> Result<Asset> {
    let content = esbuild(&web.join("sql-editor/index.js"), packages, &["--bundle"])?;
    Ok(Asset { name: "sql-editor.js".to_owned(), content })
}

/// A script made small. What it imports and exports keeps its names.
pub(super) fn minified(script: &Path, packages: &Path) -> Result<Vec<u8>> {
    esbuild(script, packages, &[])
}

fn esbuild(script: &Path, packages: &Path, how: &[&str]) -> Result<Vec<u8>> {
    let output = Command::new(packages.join(".bin/esbuild"))
        .arg(script)
        .args(["--minify", "--format=esm", "--target=es2022", "--log-level=error"])
        .args(["--legal-comments=none", "--charset=utf8"])
        .args(how)
        .output()
        .context("cannot start esbuild of the npm package esbuild")?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} could not be made small: {told}", script.display());
    Ok(output.stdout)
}
